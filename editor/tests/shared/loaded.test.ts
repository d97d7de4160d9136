import { describe, expect, test } from "vitest";
import type { Problem } from "../../src/shared/api";
import { Loaded } from "../../src/shared/Loaded";
import { refused } from "../sharing/samples";

interface Later<Answer> {
  promise: Promise<Answer>;
  resolve: (answer: Answer) => void;
  reject: (problem: Problem) => void;
}

function later<Answer = null>(): Later<Answer> {
  const made = {} as Later<Answer>;
  made.promise = new Promise((resolve, reject) => Object.assign(made, { resolve, reject }));
  return made;
}

/** A list of which the test answers each look and each change itself. */
class List extends Loaded<string[]> {
  readonly asked: Later<string[]>[] = [];

  constructor() {
    super(() => {
      const look = later<string[]>();
      this.asked.push(look);
      return look.promise;
    });
  }

  add(item: string, call: Promise<unknown>): Promise<unknown> {
    return this.ahead((items) => [...items, item], () => call);
  }

  hear(item: string): void {
    this.show((items) => [...items, item]);
  }
}

async function open(...items: string[]): Promise<List> {
  const list = new List();
  const loading = list.load();
  list.asked[0]?.resolve(items);
  await loading;
  return list;
}

describe("a look that was on its way when a change was made", () => {
  test.each([["answered while it is made", true], ["answered after it was made", false]])("%s is not shown over it", async (_, early) => {
    const list = await open("a");
    const call = later();
    const looking = list.load();
    const adding = list.add("b", call.promise);
    expect(list.value).toEqual(["a", "b"]);
    if (early) list.asked[1]?.resolve(["a"]);
    else call.resolve(null);
    await (early ? looking : adding);
    expect(list.value).toEqual(["a", "b"]);
    call.resolve(null);
    list.asked[1]?.resolve(["a"]);
    await adding;
    expect(list.value).toEqual(["a", "b"]);
    if (!early) {
      await expect.poll(() => list.asked.length).toBe(3);
      list.asked[2]?.resolve(["a", "b", "c"]);
      await looking;
      expect(list.value).toEqual(["a", "b", "c"]);
    }
  });

  test("does not take back what was heard, and is asked for again: it may have brought more", async () => {
    const list = await open("a");
    const looking = list.load();
    list.hear("b");
    list.asked[1]?.resolve(["a"]);
    await expect.poll(() => list.asked.length).toBe(3);
    expect(list.value).toEqual(["a", "b"]);
    list.asked[2]?.resolve(["a", "b", "c"]);
    await looking;
    expect(list.value).toEqual(["a", "b", "c"]);
  });
});

test("a change that is refused takes back itself alone, not what came meanwhile", async () => {
  const list = await open("a");
  const first = later();
  const second = later();
  const adding = list.add("b", first.promise);
  const addingMore = list.add("c", second.promise);
  second.resolve(null);
  await addingMore;
  list.hear("d");
  first.reject(refused);
  await expect(adding).rejects.toBe(refused);
  expect(list.value).toEqual(["a", "c", "d"]);
});
