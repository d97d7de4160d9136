import { CloudOff } from "lucide-react";
import { useStore } from "zustand";
import { reach } from "../api/reach";

/** At the corner while the server is away: what is shown stays, and comes back to life by itself. */
export function Away() {
  const { state } = useStore(reach.store);
  if (state === "here") return null;
  return (
    <div className="ff-toast ff-toast-away">
      <CloudOff size={16} aria-hidden />
      {state === "away" ? (
        <span className="ff-toast-text">
          <b>Firefly does not answer just now.</b> This is how it was before; it goes on by itself.
        </span>
      ) : (
        <>
          <span className="ff-toast-text">
            <b>You are signed out.</b> This is how it was before.
          </span>
          <a className="ff-link" href={`/auth/sign-in?next=${encodeURIComponent(location.pathname)}`}>
            Sign in
          </a>
        </>
      )}
    </div>
  );
}
