import { createStore, type StoreApi } from "zustand/vanilla";
import type { Role } from "../bridge";
import { type Document, initialState, type Layout, type Notice, type Project, type WorkbenchState } from "./state";

const NOTICE_STAYS = 8_000;
const MOST_NOTICES = 3;

/** The workbench's one state, with the few changes that everybody makes. */
export class Store {
  readonly api: StoreApi<WorkbenchState>;
  private lastNotice = 0;

  constructor(project: Project, role: Role) {
    this.api = createStore(() => initialState(project, role));
  }

  get state(): WorkbenchState {
    return this.api.getState();
  }

  set(change: Partial<WorkbenchState>): void {
    this.api.setState(change);
  }

  setDocument(path: string, change: Partial<Document>): void {
    const known = this.state.documents[path];
    if (known) this.set({ documents: { ...this.state.documents, [path]: { ...known, ...change } } });
  }

  setLayout(change: Partial<Layout>): void {
    this.set({ layout: { ...this.state.layout, ...change } });
  }

  /** Says something at the foot of the page; goes away by itself unless there is something to decide. */
  tell(text: string, options: Omit<Partial<Notice>, "id" | "text"> = {}): void {
    const id = ++this.lastNotice;
    const notice: Notice = { tone: "info", ...options, id, text };
    this.set({ notices: [...this.state.notices, notice].slice(-MOST_NOTICES) });
    setTimeout(() => this.dismiss(id), notice.tone === "bad" ? NOTICE_STAYS * 2 : NOTICE_STAYS);
  }

  dismiss(id: number): void {
    this.set({ notices: this.state.notices.filter((notice) => notice.id !== id) });
  }

  get mayWrite(): boolean {
    return this.state.role !== "viewer";
  }
}
