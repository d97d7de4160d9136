import { FolderGit2, LayoutTemplate, SquareTerminal, Upload } from "lucide-react";
import type { Account } from "../shared/api";
import { CopyButton } from "../shared/components";
import { stayHere } from "../shared/router";

/** The first visit: three ways to begin. */
export function Welcome({ user, server }: { user: Account; server: string }) {
  const command = `firefly login --server ${server}\nfirefly up`;
  return (
    <section className="welcome" aria-labelledby="welcome-title">
      <h1 id="welcome-title">Hello, {user.display_name || user.name}</h1>
      <p className="ff-muted">A project is a repository with an editor, a sandbox and a live preview. Three ways to begin:</p>
      <div className="ways">
        <a className="way" href="/new" onClick={stayHere}>
          <LayoutTemplate size={20} aria-hidden />
          <h2>Start from a template</h2>
          <p>A page, a React app, an API. It runs a moment later.</p>
          <span className="way-go">Choose a template</span>
        </a>
        <a className="way" href="/import" onClick={stayHere}>
          <FolderGit2 size={20} aria-hidden />
          <h2>Import a repository</h2>
          <p>Paste its git address. History comes with it.</p>
          <span className="way-go">Import from git</span>
        </a>
        <div className="way">
          <SquareTerminal size={20} aria-hidden />
          <h2>Bring a folder</h2>
          <p>In a terminal, in the folder with your code:</p>
          <pre>
            <code>{command}</code>
          </pre>
          <CopyButton text={command} label="Copy the commands" />
        </div>
      </div>
      <p className="ff-muted welcome-more">
        <Upload size={14} aria-hidden /> Or{" "}
        <a href="/upload" onClick={stayHere}>
          upload an archive
        </a>{" "}
        with your files in it.
      </p>
    </section>
  );
}
