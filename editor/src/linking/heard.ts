/** What the page's one stream of events tells of connections and links. */
export const LINK_KINDS = ["link.changed", "connection.changed", "job.changed"];
