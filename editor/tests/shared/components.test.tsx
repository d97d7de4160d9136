import { cleanup, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, describe, expect, it, test, vi } from "vitest";
import { Button, dotOf, Field, initialsOf, Menu, showToast, StateDot, Toasts } from "../../src/shared/components";

afterEach(cleanup);

test("a button is busy while what it began goes on, and submits nothing twice", async () => {
  let settle = (): void => undefined;
  const send = vi.fn(() => new Promise<void>((resolve) => (settle = resolve)));
  const onSubmit = vi.fn((event: SubmitEvent) => event.preventDefault());
  document.addEventListener("submit", onSubmit);
  render(
    <form>
      <Button onClick={send}>Send</Button>
      <Button type="submit" busy>
        Save
      </Button>
    </form>,
  );
  const user = userEvent.setup();
  const button = screen.getByRole("button", { name: "Send" });
  await user.dblClick(button);
  expect([send.mock.calls.length, button.getAttribute("aria-busy")]).toEqual([1, "true"]);
  settle();
  await vi.waitFor(() => expect(button.getAttribute("aria-busy")).toBeNull());
  await user.click(screen.getByRole("button", { name: "Save" }));
  expect(onSubmit).not.toHaveBeenCalled();
  document.removeEventListener("submit", onSubmit);
});

describe("a menu", () => {
  const open = async () => {
    const onStop = vi.fn();
    const onDelete = vi.fn();
    render(
      <Menu
        label="More"
        trigger="…"
        items={[
          { label: "Open", href: "#open" },
          { label: "Stop", onSelect: onStop },
          { label: "Rename", disabled: true },
          { label: "Delete", onSelect: onDelete },
        ]}
      />,
    );
    const user = userEvent.setup();
    await user.click(screen.getByRole("button", { name: "More" }));
    return { user, onStop, onDelete };
  };
  const focused = () => document.activeElement?.textContent;

  it("is walked through with the arrows, round the ends, past what is disabled", async () => {
    const { user } = await open();
    expect(focused()).toBe("Open");
    await user.keyboard("{ArrowDown}{ArrowDown}");
    expect(focused()).toBe("Delete");
    await user.keyboard("{ArrowDown}");
    expect(focused()).toBe("Open");
    await user.keyboard("{ArrowUp}");
    expect(focused()).toBe("Delete");
  });

  it("jumps to a first letter and does what is chosen", async () => {
    const { user, onStop, onDelete } = await open();
    await user.keyboard("s{Enter}");
    expect([onStop.mock.calls.length, onDelete.mock.calls.length]).toEqual([1, 0]);
    expect(screen.queryByRole("menu")).toBeNull();
  });

  it("closes on Escape and gives the focus back", async () => {
    const { user } = await open();
    await user.keyboard("{Escape}");
    expect(screen.queryByRole("menu")).toBeNull();
    expect(document.activeElement).toBe(screen.getByRole("button", { name: "More" }));
  });
});

describe("a toast", () => {
  it("undoes once and goes", async () => {
    const undo = vi.fn();
    render(<Toasts />);
    showToast("poetry is in the bin.", { undo });
    await userEvent.setup().click(await screen.findByRole("button", { name: "Undo" }));
    expect(undo).toHaveBeenCalledOnce();
    expect(screen.queryByText("poetry is in the bin.")).toBeNull();
  });
});

describe("a field", () => {
  it("ties its error to the control", () => {
    render(<Field label="Name" error="Give a name.">{(given) => <input {...given} />}</Field>);
    const input = screen.getByLabelText("Name");
    expect(input.getAttribute("aria-invalid")).toBe("true");
    expect(document.getElementById(input.getAttribute("aria-describedby") ?? "")?.textContent).toBe("Give a name.");
  });
});

describe("a busy button", () => {
  it("does nothing and says so", async () => {
    const onClick = vi.fn();
    render(<Button busy onClick={onClick}>Save</Button>);
    const button = screen.getByRole("button", { name: "Save" });
    await userEvent.setup().click(button);
    expect([onClick.mock.calls.length, button.getAttribute("aria-busy")]).toEqual([0, "true"]);
  });
});

describe("states", () => {
  it("are told in words", () => {
    render(<StateDot state={dotOf("starting")} />);
    expect(screen.getByText("Working")).toBeTruthy();
  });

  it.each([
    ["running", "running"],
    ["stopping", "busy"],
    ["failed", "failed"],
    ["absent", "stopped"],
  ])("%s shows as %s", (state, dot) => {
    expect(dotOf(state)).toBe(dot);
  });

  it("initials come from the name that others see", () => {
    expect(initialsOf({ display_name: "Ada Lovelace", name: "ada" })).toBe("AL");
    expect(initialsOf({ display_name: "", name: "grace-hopper" })).toBe("GH");
  });
});
