// The documents of the API that the page reads, as types.  Rule: a test holds their members to the API's own schema.

export type State = "free" | "used" | "dirty";

export interface Cleaning {
  step: string;
  found: number;
  deleted: number;
  left: number;
  since: string;
}

export interface Ppa {
  ppa: string;
  pool: string;
  state: State | null;
  condition: string;
  owner: string | null;
  lease: string | null;
  since: string | null;
  touched: string | null;
  until: string | null;
  ends: string | null;
  ends_by: "until" | "idle" | null;
  note: string | null;
  tries: number | null;
  fault: string | null;
  quarantined: string | null;
  cleaning: Cleaning | null;
  seen: string | null;
  snapshot: { at: string; url: string } | null;
}

export interface Counts {
  state: { [state: string]: number };
  condition: { [condition: string]: number };
}

export interface Pool {
  pool: string;
  counts: Counts;
  waiting: number;
  oldest_wait: number | null;
}

export interface Event {
  number: number;
  at: string;
  ppa: string;
  kind: string;
  // Of a transition all but `text`, of an alarm `text`.
  data: { from?: string | null; to?: string | null; why?: string; owner?: string | null; text?: string };
}

export interface Items<Item> {
  items: Item[];
}

// Of /page/about, which is for this page alone.
export interface About {
  name: string | null;
  role: string;
  unready: string | null;
  root: string;
  launchpad: Launchpad;
  after: string;
  newest: number;
  version: string;
}

export interface Launchpad {
  ok: boolean;
  since: string;
  why: string | null;
}
