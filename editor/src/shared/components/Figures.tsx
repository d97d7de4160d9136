export interface Figure {
  name: string;
  value: string;
  /** Where more is told of it on the page. */
  href?: string;
  /** What is told there. */
  more?: string;
}

/** `narrow`: where there are few, and their values are short. */
export function Figures({ figures, narrow = false }: { figures: readonly Figure[]; narrow?: boolean }) {
  return (
    <dl className={narrow ? "ff-figures ff-figures-narrow" : "ff-figures"}>
      {figures.map(({ name, value, href, more }) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            {href ? (
              <a href={href} aria-label={`${name}: ${value}${more ? `, ${more}` : ""}`}>
                {value}
              </a>
            ) : (
              value
            )}
          </dd>
        </div>
      ))}
    </dl>
  );
}
