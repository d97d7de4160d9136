import { cleanup, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { afterEach, expect, it } from "vitest";
import { useKeptFocus } from "../../src/shared/useKeptFocus";

afterEach(cleanup);

function Site() {
  const [live, setLive] = useState(true);
  const box = useKeptFocus<HTMLDivElement>();
  return (
    <>
      <p>The site</p>
      <div ref={box}>
        {live && <button onClick={() => setTimeout(() => setLive(false))}>Stop</button>}
        {!live && <button>Start</button>}
      </div>
    </>
  );
}

it("gives the focus of a control that has gone to what is there now", async () => {
  render(<Site />);
  const user = userEvent.setup();
  await user.tab();
  await user.keyboard("{Enter}");
  expect(await screen.findByRole("button", { name: "Start" })).toBe(document.activeElement);
});

it("leaves it where somebody has gone elsewhere meanwhile", async () => {
  render(<Site />);
  const user = userEvent.setup();
  screen.getByRole("button", { name: "Stop" }).focus();
  screen.getByRole("button", { name: "Stop" }).click();
  await user.click(screen.getByText("The site"));
  await screen.findByRole("button", { name: "Start" });
  expect(document.activeElement).toBe(document.body);
});
