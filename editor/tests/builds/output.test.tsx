import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, expect, test } from "vitest";
import { OutputTab } from "../../src/builds/build/OutputTab";
import { SiteLink } from "../../src/builds/build/SiteLink";
import type { Site } from "../../src/builds/types";

afterEach(cleanup);

const pages: Site = { state: "live", reason: "It is shown.", url: "http://main--site--ada.preview.localhost", urls: [], is_pages: true, sandbox_state: null, stops_at: null };

test("pages run nothing that could print, and what has no process is not read", () => {
  render(<OutputTab buildId="b" site={pages} />);
  expect(screen.getByRole("status").textContent).toContain("nothing but pages");
  expect(screen.queryByRole("log")).toBeNull();
});

test("a site that is live says why it cannot be shown, and nothing while it can", () => {
  const { rerender } = render(<SiteLink site={pages} />);
  expect(screen.queryByText("It is shown.")).toBeNull();
  rerender(<SiteLink site={{ ...pages, reason: "Its pages cannot be shown. What is stored of it is not whole." }} />);
  expect(screen.getByText(/cannot be shown/)).toBeTruthy();
});
