import { useEffect, useId, useLayoutEffect, useRef, useState, type KeyboardEvent, type ReactNode } from "react";

export interface MenuItem {
  label: string;
  icon?: ReactNode;
  shortcut?: string;
  danger?: boolean;
  disabled?: boolean;
  /** A link instead of an action. */
  href?: string;
  newTab?: boolean;
  separated?: boolean;
  onSelect?: () => void;
}

interface Props {
  label: string;
  /** What the button shows. */
  trigger: ReactNode;
  items: MenuItem[];
  className?: string;
  align?: "start" | "end";
  header?: ReactNode;
}

/** A button with a menu below it: arrows, Home, End, first letters and Escape work. */
export function Menu({ label, trigger, items, className = "ff-icon-button", align = "end", header }: Props) {
  const [open, setOpen] = useState(false);
  const id = useId();
  const root = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);

  useLayoutEffect(() => {
    const list = open && root.current?.querySelector<HTMLElement>("[role=menu]");
    if (list && list.getBoundingClientRect().bottom > innerHeight) list.classList.add("ff-menu-up");
  }, [open]);

  useEffect(() => {
    if (!open) return;
    enabledItems(root.current)[0]?.focus();
    const leave = (event: Event) => {
      if (!root.current?.contains(event.target as Node)) setOpen(false);
    };
    document.addEventListener("pointerdown", leave);
    document.addEventListener("focusin", leave);
    return () => {
      document.removeEventListener("pointerdown", leave);
      document.removeEventListener("focusin", leave);
    };
  }, [open]);

  const close = () => {
    setOpen(false);
    button.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Escape") close();
    else if (event.key === "Tab") setOpen(false);
    else if (!moveFocus(root.current, event.key)) return;
    if (event.key !== "Tab") event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div className="ff-menu" ref={root}>
      <button
        ref={button}
        type="button"
        className={className}
        aria-label={label}
        aria-haspopup="menu"
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        onClick={() => setOpen(!open)}
        onKeyDown={(event) => {
          if (event.key !== "ArrowDown" || open) return;
          event.preventDefault();
          event.stopPropagation();
          setOpen(true);
        }}
      >
        {trigger}
      </button>
      {open && (
        <div id={id} role="menu" tabIndex={-1} aria-label={label} className={`ff-menu-list ff-menu-${align}`} onKeyDown={onKeyDown}>
          {header && <div className="ff-menu-header">{header}</div>}
          {items.map((item) => (
            <Item key={item.label} item={item} close={close} />
          ))}
        </div>
      )}
    </div>
  );
}

function Item({ item, close }: { item: MenuItem; close: () => void }) {
  const className = `ff-menu-item${item.danger ? " ff-danger" : ""}${item.separated ? " ff-separated" : ""}`;
  const content = (
    <>
      <span className="ff-menu-icon">{item.icon}</span>
      <span className="ff-menu-label">{item.label}</span>
      {item.shortcut && <kbd>{item.shortcut}</kbd>}
    </>
  );
  if (item.href)
    return (
      <a role="menuitem" tabIndex={-1} className={className} href={item.href} onClick={close}
        {...(item.newTab ? { target: "_blank", rel: "noopener" } : {})}>
        {content}
      </a>
    );
  return (
    <button
      type="button"
      role="menuitem"
      tabIndex={-1}
      className={className}
      disabled={item.disabled}
      onClick={() => {
        close();
        item.onSelect?.();
      }}
    >
      {content}
    </button>
  );
}

function enabledItems(root: HTMLElement | null): HTMLElement[] {
  return [...(root?.querySelectorAll<HTMLElement>('[role="menuitem"]:not(:disabled)') ?? [])];
}

function moveFocus(root: HTMLElement | null, key: string): boolean {
  const all = enabledItems(root);
  const at = all.indexOf(document.activeElement as HTMLElement);
  const targets: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1 + all.length, Home: 0, End: all.length - 1 };
  let to = targets[key];
  if (to === undefined && key.length === 1 && /\p{L}/u.test(key)) {
    const rotated = [...all.slice(at + 1), ...all.slice(0, at + 1)];
    const found = rotated.find((item) => item.textContent.toLowerCase().startsWith(key.toLowerCase()));
    to = found && all.indexOf(found);
  }
  if (to === undefined || all.length === 0) return false;
  all[to % all.length]?.focus();
  return true;
}
