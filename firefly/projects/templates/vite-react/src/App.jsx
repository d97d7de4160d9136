import { useState } from "react";

export default function App() {
  const [count, setCount] = useState(0);

  return (
    <main>
      <h1>Hello, React</h1>
      <p>
        Change <code>src/App.jsx</code> and save. The page follows, and keeps its count.
      </p>
      <button type="button" onClick={() => setCount(count + 1)}>
        Lit {count} {count === 1 ? "time" : "times"}
      </button>
    </main>
  );
}
