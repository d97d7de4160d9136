import { DoorOpen, FolderGit2, Hammer, KeyRound, MonitorSmartphone, Plug, PlugZap, User, Users as People } from "lucide-react";
import { useEffect, useState } from "react";
import { Api, EventStream, type Account } from "../shared/api";
import { Frame, type FrameLink } from "../shared/components";
import { usePath } from "../shared/router";
import { AdminBuilds } from "../builds/AdminBuilds";
import { BUILD_KINDS, tellBuilds } from "../builds/heard";
import { MISSED, tellAccess } from "../sharing/heard";
import "./account.css";
import { ConnectionsPage } from "../linking/ConnectionsPage";
import { LINK_KINDS } from "../linking/heard";
import { FrontDoorPage } from "./FrontDoorPage";
import { Profile } from "./Profile";
import { Sessions } from "./Sessions";
import { Tokens } from "./Tokens";
import { Users } from "./Users";

const api = new Api();

const ACCOUNT_LINKS: FrameLink[] = [
  { href: "/account", label: "Account", icon: <User size={16} aria-hidden /> },
  { href: "/account/sessions", label: "Sessions", icon: <MonitorSmartphone size={16} aria-hidden /> },
  { href: "/account/connections", label: "Connections", icon: <Plug size={16} aria-hidden /> },
  { href: "/account/tokens", label: "API tokens", icon: <KeyRound size={16} aria-hidden /> },
];
const USERS_LINK: FrameLink = { href: "/admin/users", label: "Users", icon: <People size={16} aria-hidden /> };
const BUILDS_LINK: FrameLink = { href: "/admin/builds", label: "Builds", icon: <Hammer size={16} aria-hidden /> };
const DOOR_LINK: FrameLink = { href: "/admin/front-door", label: "Front door", icon: <DoorOpen size={16} aria-hidden /> };
const APP_LINK: FrameLink = { href: "/admin/github-app", label: "GitHub App", icon: <PlugZap size={16} aria-hidden />, away: true };

const ADMIN_LINKS = [USERS_LINK, BUILDS_LINK, DOOR_LINK, APP_LINK];

export function AccountPages({ user: given }: { user: Account }) {
  const { user, learn } = useUser(given);
  const path = usePath();
  const links = [...ACCOUNT_LINKS, ...(user.is_administrator ? ADMIN_LINKS : [])];
  const shown = path.startsWith("/admin") && !ADMIN_LINKS.some(({ href }) => href === path) ? "/admin/users" : path;
  return (
    <Frame
      user={user}
      path={shown}
      navLabel="Account"
      links={links}
      search={
        <a className="to-projects" href="/">
          <FolderGit2 size={16} aria-hidden /> Projects
        </a>
      }
    >
      <Page path={shown} user={user} onChange={learn} />
    </Frame>
  );
}

/** The account as it is now, whichever tab has changed it. */
function useUser(given: Account): { user: Account; learn: (change: Partial<Account>) => void } {
  const [user, setUser] = useState(given);
  const learn = (change: Partial<Account>): void => setUser((before) => ({ ...before, ...change }));
  useEffect(() => {
    const ask = async (): Promise<void> => {
      try {
        const { account } = await api.me();
        setUser(account);
      } catch {
        // What is shown stays; the page's own calls say what is wrong.
      }
    };
    const missed = (): void => {
      tellAccess(MISSED);
      tellBuilds("missed");
      void ask();
    };
    const stream = new EventStream({
      kinds: ["account.changed", ...LINK_KINDS, ...BUILD_KINDS],
      onEvent: ({ kind, data }) => {
        if (kind === "account.changed") learn({ display_name: String(data["display_name"]) });
        else if (BUILD_KINDS.includes(kind)) tellBuilds(kind, data);
        else tellAccess(kind, data);
      },
      onReset: missed,
      onOpen: missed,
    });
    return () => stream.close();
  }, []);
  return { user, learn };
}

function Page({ path, user, onChange }: { path: string; user: Account; onChange: (change: Partial<Account>) => void }) {
  if (path === "/admin/users" && user.is_administrator) return <Users api={api} user={user} />;
  if (path === BUILDS_LINK.href && user.is_administrator) return <AdminBuilds />;
  if (path === DOOR_LINK.href && user.is_administrator) return <FrontDoorPage api={api} />;
  if (path === "/account/sessions") return <Sessions api={api} />;
  if (path === "/account/connections") return <ConnectionsPage />;
  if (path === "/account/tokens") return <Tokens api={api} user={user} />;
  return <Profile api={api} user={user} onChange={onChange} />;
}
