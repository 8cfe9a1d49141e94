// The documents that the script reads, as types.  Rule: a test holds their members to the daemon's own.

import type { Tree } from "./elements.js";

export type State = "free" | "used" | "dirty" | "discarded";

// Of a PPA of the API's, what the page filters, sorts and asks by; `rank` is its place in the order by state.
export interface Facts {
  ppa: string;
  pool: string;
  state: State | null;
  condition: string;
  owner: string | null;
  lease: string | null;
  since: string | null;
  ends: string | null;
  ends_by: "until" | "idle" | null;
  note: string | null;
  fault: string | null;
  quarantined: string | null;
  labels: { [key: string]: string };
  rank: number;
}

export interface Event {
  number: number;
  at: string;
  ppa: string;
  kind: string;
  // Of a transition all but `text`, of an alarm `text`.
  data: { from?: string | null; to?: string | null; why?: string; owner?: string | null; text?: string };
}

// Of /page/changes, which is for this page alone.
export interface Changes {
  name: string | null;
  role: string;
  trouble: string;
  free: number;
  alike: string;
  pools: Tree[];
  lately: Tree[];
  waiting: Tree[];
  follow: string;
  place: string;
  whole: boolean;
  files: string;
  ppas: { facts: Facts; row: Tree }[];
}
