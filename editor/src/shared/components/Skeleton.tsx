/** Grey lines where a list will be; invisible for the first 150 ms, so that quick answers do not flash. */
export function Skeleton({ rows = 4, label = "Loading" }: { rows?: number; label?: string }) {
  return (
    <div className="ff-skeleton" role="status" aria-label={label}>
      {Array.from({ length: rows }, (_, row) => (
        <div key={row} className="ff-skeleton-row" />
      ))}
    </div>
  );
}
