import { useState, type SyntheticEvent } from "react";
import { asProblem } from "../shared/api";

export interface Submitting {
  error: string | null;
  busy: boolean;
  /** For the form's `onSubmit`. */
  submit: (event: SyntheticEvent) => void;
}

/** One form: refused before it is sent, or by the server, it says why beside its field. */
export function useSubmit(call: () => Promise<unknown>, complain: () => string | null = () => null): Submitting {
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const send = async (): Promise<void> => {
    const complaint = complain();
    setError(complaint);
    if (complaint !== null || busy) return;
    setBusy(true);
    try {
      await call();
    } catch (thrown) {
      setError(asProblem(thrown).detail);
    }
    setBusy(false);
  };
  const submit = (event: SyntheticEvent): void => {
    event.preventDefault();
    void send();
  };
  return { error, busy, submit };
}
