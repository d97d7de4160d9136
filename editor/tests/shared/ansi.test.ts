import { expect, test } from "vitest";
import { lastWritten, plainOf, spansOf } from "../../src/shared/ansi";

test("colours of output become classes and other controls vanish", () => {
  expect(spansOf("\u001b[1;32mok\u001b[0m \u001b[2Kdone\u001b]0;title\u0007")).toEqual([
    { text: "ok", className: "ansi-green ansi-bold" },
    { text: " ", className: "" },
    { text: "done", className: "" },
  ]);
});

test.each([
  ["\u001b[38;5;196mred", "ansi-red"],
  ["\u001b[38;2;60;200;80mgreen", "ansi-green"],
  ["\u001b[38:2:60:90:230mblue", "ansi-blue"],
  ["\u001b[48;5;196mon red", "ansi-on ansi-on-red"],
  ["\u001b[48;2;1;2;3;4mground, then underlined", "ansi-on ansi-on-black ansi-underlined"],
  ["\u001b[3;9;36mstruck", "ansi-cyan ansi-italic ansi-struck"],
  ["\u001b[42;30mas tests that pass are shown", "ansi-on ansi-on-green"],
  ["\u001b[101;1mbright", "ansi-on ansi-on-red ansi-bold"],
  ["\u001b[36;7mturned round", "ansi-on ansi-on-cyan"],
  ["\u001b[41;7m\u001b[27;49mneither", ""],
  ["\u001b[31;39mdefault", ""],
  ["\u001b[1;2m\u001b[22mneither", ""],
])("%j is seen as %j", (line, className) => {
  expect(spansOf(line).at(-1)?.className).toBe(className);
});

test("the plain text of a line has neither colours nor controls", () => {
  expect(plainOf("\u001b[31mno\u001b[0m\u0007 way\u001b[?25h\u001b[1A")).toBe("no way");
});

test("of a progress bar the last that was written is shown", () => {
  expect(lastWritten("10 %\r50 %\r100 %\r")).toBe("100 %");
  expect(lastWritten("whole\r\r")).toBe("whole");
});
