/** The firefly: two wings and a light. */
export function Logo({ size = 20 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 24 24" aria-hidden="true" className="ff-logo">
      <circle className="ff-logo-glow" cx="12" cy="16.5" r="6.5" />
      <path className="ff-logo-wing" d="M11.4 10.6C9.6 6.2 6.2 3.6 2.8 3.4c-.2 4 2.6 7.2 8 8.2z" />
      <path className="ff-logo-wing" d="M12.6 10.6c1.8-4.4 5.2-7 8.6-7.2.2 4-2.6 7.2-8 8.2z" />
      <path className="ff-logo-light" d="M12 9.2c1.9 0 3 1.7 3 4.6 0 3.6-1.3 7-3 7s-3-3.4-3-7c0-2.9 1.1-4.6 3-4.6z" />
    </svg>
  );
}
