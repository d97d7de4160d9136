import { act, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { iconOf, titleOf, useTab } from "../../src/builds/build/tab";
import { Tell } from "../../src/builds/build/Tell";
import type { Build } from "../../src/builds/types";
import { BUILD_STATES } from "../../src/builds/words";
import { build } from "./samples";

class Told {
  static permission = "default";
  static answer = "granted";
  static all: string[] = [];
  onclick: (() => void) | null = null;

  static requestPermission(): Promise<string> {
    Told.permission = Told.answer;
    return Promise.resolve(Told.answer);
  }

  constructor(title: string) {
    Told.all.push(title);
  }
}

const looks = vi.fn<() => boolean>();
const hasFocus = document.hasFocus.bind(document);

beforeEach(() => {
  vi.stubGlobal("Notification", Told);
  Object.assign(Told, { permission: "default", answer: "granted", all: [] });
  looks.mockReturnValue(false);
  document.hasFocus = looks;
});

afterEach(() => {
  vi.unstubAllGlobals();
  document.hasFocus = hasFocus;
  localStorage.clear();
});

describe("being told when a build ends", () => {
  test("is asked for, and then happens once and not while one looks", async () => {
    const { rerender } = render(<Tell build={build()} />);
    await userEvent.click(screen.getByRole("button", { name: "Tell me when it ends" }));
    expect(screen.getByRole("button", { name: "You are told when it ends" })).toHaveProperty("ariaPressed", "true");
    const failed = build({ state: "failed" });
    rerender(<Tell build={failed} />);
    rerender(<Tell build={{ ...failed }} />);
    expect(Told.all).toEqual(["Failed: Draw the stars"]);
    expect(screen.queryByRole("button")).toBeNull();
  });

  test("does not happen where nobody asked, the browser refuses, or somebody looks", async () => {
    const first = render(<Tell build={build()} />);
    first.rerender(<Tell build={build({ state: "succeeded" })} />);
    first.unmount();
    Told.answer = "denied";
    const second = render(<Tell build={build()} />);
    await userEvent.click(screen.getByRole("button"));
    expect(screen.getByRole("button", { name: "Tell me when it ends" })).toBeTruthy();
    second.unmount();
    Told.permission = "granted";
    localStorage.setItem("firefly-tell-of-builds", "1");
    looks.mockReturnValue(true);
    render(<Tell build={build()} />).rerender(<Tell build={build({ state: "succeeded" })} />);
    expect(Told.all).toEqual([]);
  });
});

test("the tab shows how the build stands, by a sign and an icon, and is as before afterwards", () => {
  document.head.innerHTML = '<link rel="icon" href="/favicon.svg">';
  const icon = (): string => document.querySelector<HTMLLinkElement>("link[rel=icon]")?.href ?? "";
  const Page = ({ shown }: { shown: Build }) => {
    useTab(shown);
    return null;
  };
  const page = render(<Page shown={build()} />);
  expect([document.title, icon()]).toEqual(["● Draw the stars · #12 · ada/site", iconOf({ state: "running" })]);
  act(() => page.rerender(<Page shown={build({ state: "succeeded" })} />));
  expect([document.title.slice(0, 1), icon()]).toEqual(["✓", iconOf({ state: "succeeded" })]);
  page.unmount();
  expect(icon()).toContain("/favicon.svg");
  expect(new Set(BUILD_STATES.map((state) => titleOf(build({ state })).slice(0, 1))).size).toBe(6);
});
