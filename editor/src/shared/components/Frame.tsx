import { CircleHelp, LogOut, Settings, Users } from "lucide-react";
import { type ReactNode, type RefObject, useEffect, useLayoutEffect, useRef, useState } from "react";
import { countDrafts } from "../../bridge/drafts";
import type { Account } from "../api";
import { stayHere, usePath } from "../router";
import { Away } from "./Away";
import { Logo } from "./Logo";
import { Menu } from "./Menu";
import { signOut, SignOutDialog } from "./SignOut";
import { Toasts } from "./Toasts";
import "./frame.css";

export interface FrameLink {
  href: string;
  label: string;
  icon: ReactNode;
  count?: number | undefined;
  /** It is a page of the server's own, which is loaded. */
  away?: boolean;
}

interface Props {
  user: Account;
  path: string;
  links: FrameLink[];
  /** In the top bar, between the name and the account. */
  search?: ReactNode;
  action?: ReactNode;
  navLabel: string;
  children: ReactNode;
}

/** The quiet frame of dashboard and account pages: a bar above, places at the side, the page, and at its corner what happens. */
export function Frame({ user, path, links, search, action, navLabel, children }: Props) {
  const nav = useRef<HTMLElement>(null);
  const main = useArrival();
  useLayoutEffect(() => showCurrent(nav.current), [path]);
  return (
    <div className="ff-frame">
      <a className="ff-skip" href="#main">
        Skip to the page
      </a>
      <header className="ff-top">
        <a className="ff-brand" href="/">
          <Logo size={22} />
          <span>Firefly</span>
        </a>
        <div className="ff-top-search">{search}</div>
        {action}
        <AccountMenu user={user} />
      </header>
      <nav ref={nav} className="ff-side" aria-label={navLabel}>
        {links.map((link) => (
          <a key={link.href} href={link.href} aria-current={link.href === path ? "page" : undefined} onClick={link.away ? undefined : stayHere}>
            {link.icon}
            <span>{link.label}</span>
            {link.count !== undefined && <span className="ff-side-count">{link.count}</span>}
          </a>
        ))}
      </nav>
      <main ref={main} id="main" className="ff-main" tabIndex={-1}>
        {children}
      </main>
      <Toasts standing={<Away />} />
    </div>
  );
}

/** On another page, where what had the focus went with the page before, the page itself has it: keys go on from there. */
function useArrival(): RefObject<HTMLElement | null> {
  const main = useRef<HTMLElement>(null);
  const path = usePath();
  const before = useRef(path);
  useEffect(() => {
    if (before.current !== path && document.activeElement === document.body) main.current?.focus({ preventScroll: true });
    before.current = path;
  }, [path]);
  return main;
}

/** Where the places stand in a row that is wider than the window, where one is comes into the middle. */
function showCurrent(nav: HTMLElement | null): void {
  const current = nav?.querySelector("[aria-current]");
  if (!nav || !current) return;
  const [row, place] = [nav.getBoundingClientRect(), current.getBoundingClientRect()];
  nav.scrollLeft += place.left + place.width / 2 - (row.left + row.width / 2);
}

function AccountMenu({ user }: { user: Account }) {
  const [leaving, setLeaving] = useState(0);
  const leave = async (): Promise<void> => {
    const kept = await countDrafts().catch(() => 0);
    if (kept > 0) setLeaving(kept);
    else signOut();
  };
  return (
    <>
      <Menu
        label={`${initialsOf(user)}, account of ${user.display_name || user.name}`}
        className="ff-avatar"
        trigger={initialsOf(user)}
        header={
          <>
            <div className="ff-account-name">{user.display_name || user.name}</div>
            <div className="ff-account-hint">{user.name}</div>
          </>
        }
        items={[
          { label: "Account", icon: <Settings size={16} />, href: "/account" },
          ...(user.is_administrator ? [{ label: "Users", icon: <Users size={16} />, href: "/admin/users" }] : []),
          { label: "Help", icon: <CircleHelp size={16} />, href: "/help" },
          { label: "Sign out", icon: <LogOut size={16} />, onSelect: () => void leave() },
        ]}
      />
      {leaving > 0 && <SignOutDialog drafts={leaving} onClose={() => setLeaving(0)} />}
    </>
  );
}

export function initialsOf({ display_name, name }: Pick<Account, "display_name" | "name">): string {
  const words = (display_name || name).split(/[\s-]+/).filter(Boolean);
  return words.slice(0, 2).map((word) => String.fromCodePoint(word.codePointAt(0) ?? 0).toUpperCase()).join("");
}
