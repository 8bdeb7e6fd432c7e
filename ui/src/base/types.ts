// The shapes of the API that the console reads; /v1/openapi.json describes them in full.
export interface Page<T> {
  items: T[];
  next: string | null;
  changed_since?: number;
  /** Of a feed: what was one's own, and is seen no more. */
  gone_incidents?: number[];
}

export type Severity = 'informational' | 'minor' | 'moderate' | 'major' | 'critical';
export const severities: Severity[] = ['informational', 'minor', 'moderate', 'major', 'critical'];

export type Disposition =
  | 'unknown' | 'malicious' | 'suspicious' | 'spam' | 'bulk' | 'low_risk' | 'known_good' | 'false_negative' | 'simulated';
export const dispositions: Disposition[] = [
  'malicious', 'suspicious', 'spam', 'bulk', 'low_risk', 'known_good', 'false_negative', 'simulated', 'unknown'];

/** Everything, or what their teams do. */
export type Sight = 'everything' | 'teams';

export interface User {
  id: number;
  revision: number;
  name: string;
  display_name: string | null;
  email: string | null;
  role: string;
  sight: Sight;
  enabled: boolean;
  password_set: boolean;
  totp: boolean;
  locked_until: string | null;
  created_at: string;
  last_login_at: string | null;
}

export interface TeamPart {
  id: number;
  name: string;
  display_name?: string | null;
  deleted?: boolean;
}

export interface Team {
  id: number;
  revision: number;
  name: string;
  description: string;
  member_ids: number[];
  members: TeamPart[];
  key_ids: number[];
  keys: TeamPart[];
  source_ids: number[];
  sources: TeamPart[];
}

export interface Role {
  id: number;
  revision: number;
  name: string;
  description: string;
  permissions: Scope[];
  built_in: boolean;
}

/** Where somebody is logged in. */
export interface UserSession {
  id: number;
  user_id: number;
  user: string;
  created_at: string;
  seen_at: string;
  expires_at: string;
  address: string;
  agent: string;
}

export interface Session {
  user: User;
  permissions: string[];
  csrf: string;
  expires_at: string;
}

/** Somebody by name alone. */
export interface Person {
  id: number;
  name: string;
  display_name: string | null;
  active: boolean;
}

export interface Comment {
  id: number;
  revision: number;
  incident_id: number;
  author: string;
  author_id: number;
  text: string | null;
  created_at: string;
  edited_at: string | null;
  deleted_at: string | null;
}

export interface SearchHit {
  incident: Incident;
  snippets: { field: string; parts: { text: string; hit: boolean }[] }[];
}

export interface SearchPage {
  items: SearchHit[];
  next: string | null;
  total: number | null;
}

export interface Reporter {
  id: number;
  address: string;
  name: string | null;
  reports: number;
  trusted: number;
  right: number;
  nuisance: number;
  wrong: number;
  open: number;
  first_at: string | null;
  last_at: string | null;
}

export interface SourcePoll {
  at: string;
  took_ms: number;
  found: number;
  error_code: string | null;
  error: string | null;
}

/** Seconds. */
export interface Duration {
  count: number;
  p50: number | null;
  p90: number | null;
  p99: number | null;
}

export interface Statistics {
  from: string;
  to: string;
  days: { day: string; reports: number; incidents: number }[];
  verdicts: Record<Disposition, number>;
  kinds: Record<string, number>;
  sources: { id: number; name: string; reports: number }[];
  times: { look: Duration; verdict: Duration; pull: Duration };
}

export interface Finding {
  id: string;
  detail: string;
  where?: string | null;
  incident_id?: number; // which other incident it is about
}

export const needReasons = [
  'copies_unsure', 'copies_failed', 'not_pulled', 'critical', 'major', 'moderate',
  'unjudged', 'many_reports', 'suspicious', 'manual_review', 'waiting', 'many_recipients',
  'reopened', 'ambiguous', 'unparsed', 'unassigned', 'untrusted', 'to_close'] as const;
export type NeedReason = (typeof needReasons)[number];

export interface Incident {
  id: number;
  revision: number;
  state: 'open' | 'closed';
  kind: 'reported_mail' | 'not_a_report' | 'unparsed';
  title: string;
  severity: Severity;
  disposition: Disposition;
  sub_disposition: string | null;
  assignee: string | null;
  team: string | null;
  close_reason: string | null;
  link_key: string | null;
  original_id: number | null;
  opened_at: string;
  closed_at: string | null;
  updated_at: string;
  report_count: number;
  alert_count: number;
  open_alert_count: number;
  findings: Finding[];
  /** How much a person is needed; for comparing. */
  need: number;
  need_reasons: NeedReason[];
  waiting_since: string | null;
}

export interface SavedView {
  id: number;
  revision: number;
  name: string;
  filter: string;
  columns: string[];
  shared: boolean;
  owner: string;
  created_at: string;
}

export interface Preferences {
  incident_columns: string[];
}

export interface Original {
  id: number;
  message_id: string;
  first_hand: boolean;
  fingerprint: string | null;
  sha256: string | null;
  subject: string | null;
  sender: string | null;
  sent_at: string | null;
  created_at: string;
  content_removed_at: string | null;
  bodies?: boolean;
  vip?: boolean;
  breakdown?: unknown;
}

export interface IncidentWhole extends Incident {
  original: Original | null;
  hold: Hold | null;
  /** When what its messages said was removed, past its period. */
  content_removed_at: string | null;
}

export interface Alert {
  id: number;
  revision: number;
  incident_id: number;
  source_id: number;
  report_id: number;
  original_id: number | null;
  recipient: string;
  role: 'to' | 'cc' | 'bcc' | 'reporter';
  state: 'open' | 'closed';
  severity: Severity;
  disposition: Disposition;
  close_reason: string | null;
  trusted: boolean;
  opened_at: string;
  closed_at: string | null;
}

export interface Report {
  id: number;
  revision: number;
  source_id: number;
  state: string;
  form: string | null;
  reporter: string | null;
  reporter_name: string | null;
  trusted: boolean;
  trust_reason: string | null;
  subject: string | null;
  message_id: string | null;
  located: string | null;
  post_process: string;
  post_process_detail: string | null;
  sha256: string | null;
  received_at: string | null;
  found_at: string;
}

export interface Response {
  id: number;
  revision: number;
  incident_id: number;
  kind: 'quarantine' | 'restore';
  of_response: number | null;
  state: 'planned' | 'running' | 'done' | 'cancelled';
  requested_by: string;
  comment: string | null;
  requested_at: string;
  finished_at: string | null;
  counts: Record<string, number>;
}

export interface QuarantineResult {
  id: number;
  revision: number;
  response_id: number;
  incident_id: number;
  alert_id: number | null;
  mail_server_id: number | null;
  mailbox: string;
  found_how: string;
  status: string;
  reason: string | null;
  step: string;
  was_read: boolean | null;
  folder: string | null;
  quarantine_mailbox: string | null;
  /** Since then it cannot be put back. */
  bytes_removed_at: string | null;
  quarantine_folder: string | null;
  restore_response_id: number | null;
  restore_status: string | null;
  restore_reason: string | null;
  updated_at: string | null;
}

export interface Source {
  id: number;
  revision: number;
  name: string;
  type: string;
  description: string;
  enabled: boolean;
  link_events: boolean;
  mail_server_id: number;
  mailbox: string;
  folder: string;
  post_process: 'none' | 'delete' | 'move';
  destination_folder: string | null;
  polling_interval: number;
  accepted_domains: string[];
  trusted_hosts: string[];
  accepted_relays: string[];
  created_at: string;
  state: {
    polling: boolean;
    last_poll_at: string | null;
    last_success_at: string | null;
    next_poll_at: string | null;
    lag_seconds: number;
    last_error: string | null;
    last_error_code: string | null;
    last_found: number;
    total_found: number;
  };
}

export interface KindMember {
  name: string;
  title: string;
  type: 'text' | 'integer' | 'choice' | 'texts' | 'address';
  choices: string[];
  needed: boolean;
  /** Needed as well, unless these say this. */
  needed_unless: Record<string, string> | null;
  secret: boolean;
  help: string;
}

export interface MailServerKind {
  name: string;
  title: string;
  members: KindMember[];
}

export interface IdentityProvider {
  id: number;
  revision: number;
  name: string;
  kind: string;
  enabled: boolean;
  only_way: boolean;
  config: Record<string, unknown>;
  secret_set: string[];
  redirect_url: string | null;
  state: { last_ok_at?: string; last_error?: string; last_error_at?: string };
  created_at: string;
}

export interface Identity {
  id: number;
  user_id: number;
  user: string;
  provider_id: number;
  provider: string;
  issuer: string;
  subject: string;
  created_at: string;
  last_login_at: string | null;
}

export interface MailServer {
  id: number;
  revision: number;
  name: string;
  kind: string;
  config: Record<string, unknown>;
  secret_set: string[];
  state: {
    last_ok_at?: string;
    last_error?: string;
    last_error_at?: string;
    failing_since?: string;
    failures?: number;
    left_alone_until?: string;
    connections?: { in_use: number; open: number; limit: number };
  };
  created_at: string;
}

/** One line of a check: what was tried, and what came of it. */
export interface CheckLine {
  level: 'ok' | 'warning' | 'failed';
  what: string;
  detail: string;
}

/** What an API key may do, and what a role lets do. */
export const scopes = ['read', 'content', 'triage', 'respond', 'approve', 'configure', 'audit', 'vip', 'hold', 'admin'] as const;
export type Scope = (typeof scopes)[number];

export const retentionPeriods = ['content_days', 'undo_days', 'incident_days', 'nuisance_days', 'audit_days', 'session_days', 'job_days', 'poll_days', 'answer_days'] as const;
export type RetentionPeriod = (typeof retentionPeriods)[number];

/** Each period in days; null: for ever. */
export interface Retention extends Record<RetentionPeriod, number | null> {
  limits: Record<RetentionPeriod, { least: number; most: number; ever: boolean }>;
  next_at: string | null;
  audit_first: number;
}

export interface RetentionPreview {
  incidents: number;
  contents: number;
  copies: number;
  reports: number;
  bytes: number;
  oldest_at: string | null;
  held: number;
  may_be_put_back: number;
  audit_records: number;
  audit_until: number;
}

export interface Removed extends Record<'incidents' | 'reports' | 'contents' | 'copies' | 'messages' | 'bytes' | 'audit_records' | 'sessions' | 'jobs' | 'polls' | 'answers', number> {}

export interface RetentionRun {
  id: number;
  state: 'running' | 'done' | 'failed';
  error: string | null;
  removed: Removed;
  started_at: string;
  finished_at: string | null;
}

/** Nothing of an incident on hold is removed. */
export interface Hold {
  incident_id: number;
  title: string | null;
  reason: string;
  held_by: string;
  held_at: string;
}

export interface Backup {
  id: number;
  file: string;
  state: 'running' | 'done' | 'failed';
  error: string | null;
  size: number;
  files: number;
  bytes: number;
  audit_seq: number;
  sha256: string | null;
  started_at: string;
  finished_at: string | null;
}

export interface BackupPlan {
  /** False where the database has tools of its own. */
  possible: boolean;
  every_hours: number;
  keep: number;
}

export interface ApiKey {
  id: number;
  revision: number;
  name: string;
  prefix: string;
  scopes: Scope[];
  owner: string | null;
  sight: Sight | null;
  created_by: string;
  created_at: string;
  expires_at: string | null;
  last_used_at: string | null;
  revoked_at: string | null;
  /** Only in the answer that makes it. */
  key?: string | null;
}

export interface Health {
  status: 'ok' | 'degraded' | 'failed';
  version?: string;
  problems?: string[];
  database?: string;
  nodes?: { id: string; role: string; host: string; alive: boolean; started_at: string; seen_at: string | null }[] | null;
  figures?: Record<string, number> | null;
  disk?: { available: number; total: number } | null;
}

export interface Activity {
  seq: number;
  at: string;
  /** The same time as it stands in the hash. */
  at_us: number;
  actor: string;
  action: string;
  object_kind: string;
  object_id: number;
  incident_id: number | null;
  detail: Record<string, unknown> | null;
  hash: string;
}
