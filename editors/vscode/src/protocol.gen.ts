// Generated from the Go declarations in server/wire: go generate ./server/wire. Do not edit.

/** The version of the contract that this file was made from. */
export const contractVersion = 1;

/** None has no members: the params or the result of a method that needs none. */
export type None = Record<string, never>;

/** ClusterList is what is known of kubeconfig. */
export interface ClusterList {
  contexts: ClusterContext[];
  files: ClusterFile[];
}

/** ClusterContext is one context of a kubeconfig file. */
export interface ClusterContext {
  /**
   * id names the context in Pilothouse: its name, or "name (file)" where an
   * added file repeats the name of another.
   */
  id: string;
  /** name is the name the file gives it. */
  name: string;
  /** cluster and User are the names of the entries the context refers to. */
  cluster?: string;
  user?: string;
  /**
   * namespace is the working namespace: as set in Pilothouse, else as the file
   * says, else "default".
   */
  namespace: string;
  /** server is the URL of the API server, without credentials. */
  server?: string;
  /** file is the path of the file that defines the context. */
  file: string;
  /** current marks kubeconfig's current-context. It is shown, never followed. */
  current?: boolean;
  /**
   * problem tells why the context cannot be used; nil when nothing is known
   * to be wrong.
   */
  problem?: ProblemDetail;
}

/**
 * ProblemDetail is the form in which an Error crosses the wire, as the data of a
 * JSON-RPC error and wherever a row or a status carries its own problem.
 */
export interface ProblemDetail {
  /** code is the stable name of the failure, for example "unreachable". */
  code: string;
  /** message is one sentence for a person. */
  message: string;
  /** cause is the failure as the cluster or the machine told it. */
  cause?: string;
  /** tried is what was being done. */
  tried?: string;
  /** suggestions are next steps, most promising first. */
  suggestions?: string[];
}

/** ClusterFile is one kubeconfig file that Pilothouse reads. */
export interface ClusterFile {
  /** path is absolute. */
  path: string;
  /** added tells that the user added the file to those of KUBECONFIG. */
  added?: boolean;
  /** trusted tells that credential plugins of the file may be run. */
  trusted: boolean;
  /** problem tells why the file cannot be read, with the line where that is known. */
  problem?: ProblemDetail;
}

/** AddFileParams name a kubeconfig file to read. */
export interface AddFileParams {
  /** path is absolute. */
  path: string;
  /** trusted allows the credential plugins that the file names to be run. */
  trusted?: boolean;
}

/** FileParams name a kubeconfig file. */
export interface FileParams {
  /** path is absolute. */
  path: string;
}

/** SetNamespaceParams choose the working namespace of a context. */
export interface SetNamespaceParams {
  /** context is the context's id. */
  context: string;
  /** namespace is the namespace; "" goes back to what the kubeconfig file says. */
  namespace: string;
}

/** ContextParams name a context. */
export interface ContextParams {
  /** context is the context's id. */
  context: string;
}

/** KindsParams name kinds of a context's cluster. */
export interface KindsParams {
  /** context is the context's id. */
  context: string;
  /**
   * names are what people call kinds, as kubectl takes them: plural, singular, short
   * name or kind, with the group where it matters, or a category such as "all".
   * None means every kind.
   */
  names?: string[];
}

/** KindList is kinds in the order of the names that were asked for, each once. */
export interface KindList {
  kinds: ClusterKind[];
}

/**
 * ClusterKind is one kind of object that an API server serves, in the version the
 * server prefers.
 */
export interface ClusterKind {
  group: string;
  version: string;
  /** resource is the plural in paths, for example "deployments". */
  resource: string;
  /** kind is the type's name, for example "Deployment". */
  kind: string;
  singular?: string;
  shortNames?: string[];
  categories?: string[];
  namespaced: boolean;
  verbs: string[];
  /**
   * custom tells that a CustomResourceDefinition or an aggregated API server
   * brought the kind, not Kubernetes itself.
   */
  custom?: boolean;
}

/** DaemonStatus tells which daemon answers. */
export interface DaemonStatus {
  /** version is the daemon's build, for example "v0.1.0". */
  version: string;
  /** contract is the version of the contract it speaks. */
  contract: number;
  /** pid is the daemon's process. */
  pid: number;
  /** started is when it started, in Unix seconds. */
  started: number;
  /** memory is what the daemon holds of the machine's memory, in bytes. */
  memory: number;
  /** sessions are the connections now open, the asking one among them, oldest first. */
  sessions: SessionInfo[];
  /** socket is the path it listens on; "" when it serves one client alone. */
  socket?: string;
  /** logFile is the path of its log; "" when it writes none. */
  logFile?: string;
}

/** SessionInfo tells of one connection. */
export interface SessionInfo {
  /** client is what the client calls itself, with its version; "" before initialize. */
  client?: string;
  /** since is when it connected, in Unix seconds. */
  since: number;
  /** views counts its open views. */
  views: number;
}

/** DoctorReport is what was found, in the order of the checks. */
export interface DoctorReport {
  findings: Finding[];
}

/** Finding is the outcome of one check of the set-up. */
export interface Finding {
  /** check is what was looked at, for example "socket". */
  check: string;
  level: FindingLevel;
  /** message is one sentence for a person. */
  message: string;
  /** problem tells the cause and what to do where the level is not ok. */
  problem?: ProblemDetail;
}

/** FindingLevel tells how bad a finding is. */
export type FindingLevel =
  /** as it should be */
  | "ok"
  /** works, but somebody should look */
  | "warning"
  /** something will not work */
  | "error"
  | (string & {});

/** ShutdownParams say when not to end the daemon. */
export interface ShutdownParams {
  /** ifIdle leaves the daemon running when another session uses it. */
  ifIdle?: boolean;
}

/** ShutdownResult tells whether the daemon ends. */
export interface ShutdownResult {
  stopping: boolean;
}

/** pilothouse/log/followParams choose what of the log to send. */
export interface LogFollowParams {
  /** level is "debug", "info", "warn" or "error"; "" means "info". */
  level?: string;
}

/** LogRecord is one record of the daemon's log. */
export interface LogRecord {
  /** time is when it was written, in Unix milliseconds. */
  time: number;
  /** level is "debug", "info", "warn" or "error". */
  level: string;
  message: string;
  /** attributes are the record's values as text; a group's are named "group.name". */
  attributes?: Record<string, string>;
  /** dropped counts the records before this one that the client was too slow to take. */
  dropped?: number;
}

/** TreeQuery asks for the children of one node. */
export interface TreeQuery {
  /** node is the id of the row to expand; "" is the root, whose rows are the contexts. */
  node: string;
  /** limit bounds the rows held in the view's window; 0 means 500, negative all. */
  limit?: number;
  filter?: TreeFilter;
  sort?: TreeSort;
}

/** TreeFilter narrows a view. All parts must match. */
export interface TreeFilter {
  /** name is a part of the name, in any case. */
  name?: string;
  /** labels is a label selector in kubectl's syntax; the API server evaluates it. */
  labels?: string;
  /** fields is a field selector in kubectl's syntax; the API server evaluates it. */
  fields?: string;
  /** status is a part of the status cell, in any case, or a health. */
  status?: string;
}

/**
 * TreeSort orders a view by a column; without one rows stand as the API server lists
 * them, by namespace and name.
 */
export interface TreeSort {
  column?: string;
  descending?: boolean;
}

/** TreePage is the whole of a view: the answer to a query, and to a resync. */
export interface TreePage {
  /** view is the id of the subscription, to be closed by the client. */
  view: string;
  /** seq is the number of this page; the first change carries Seq+1. */
  seq: number;
  columns?: TreeColumn[];
  rows: TreeRow[];
  /** total counts the rows that match the filter; more of them may exist than stand in Rows. */
  total: number;
  state: TreeState;
  problem?: ProblemDetail;
}

/** TreeColumn is one printer column, as kubectl shows it. */
export interface TreeColumn {
  name: string;
  /** type is "string", "number" or "time"; cells of a time column stand in Row.Times. */
  type: string;
  /** wide columns are shown by kubectl only with -o wide. */
  wide?: boolean;
  description?: string;
}

/** TreeRow is one row of the tree. */
export interface TreeRow {
  /**
   * id names the row in the whole tree and stays the same across restarts of
   * daemon and editor. It is opaque: to expand the row, send it back.
   */
  id: string;
  type: TreeNodeType;
  /** name is what the row is called. */
  name: string;
  /** description is a short addition that editors show dimmed beside the name. */
  description?: string;
  /** detail is a sentence or a few lines for a tooltip. */
  detail?: string;
  /** object is set when the row stands for an object or a container. */
  object?: TreeObjectRef;
  /** kind is set when the row stands for a kind: its id, for example "deployments.apps". */
  kind?: string;
  /** cells are the printer columns' values, in the order of Page.Columns. */
  cells?: string[];
  /**
   * times gives, for a cell by its index, the moment in Unix seconds that the cell
   * counts from. Show the human duration since then where "{}" stands in the cell.
   */
  times?: Record<number, number>;
  /** status is the word the health was read from, for example "CrashLoopBackOff". */
  status?: string;
  health?: TreeHealth;
  /** count is how many rows stand below, where that is known. */
  count?: number;
  /** expandable tells that the row may have children. */
  expandable?: boolean;
  /** problem tells what is wrong with a context or why a message stands here. */
  problem?: ProblemDetail;
}

/** TreeNodeType tells what a row stands for. */
export type TreeNodeType =
  /** a kubeconfig context */
  | "context"
  /** an overview, a group of kinds, "Namespaces", ... */
  | "folder"
  /** a namespace with its kinds below it */
  | "namespace"
  /** a kind with its objects below it */
  | "kind"
  /** an object with what it owns below it */
  | "object"
  /** a container of a pod */
  | "container"
  /** a sentence where rows would stand: why something is missing */
  | "message"
  | (string & {});

/** TreeObjectRef names an object in a cluster. */
export interface TreeObjectRef {
  context: string;
  group?: string;
  version: string;
  resource: string;
  kind: string;
  namespace?: string;
  name: string;
  uid?: string;
  /** container is set on a container's row. */
  container?: string;
}

/**
 * TreeHealth is the state of what a row stands for, rolled up from what is known
 * to be below it.
 */
export type TreeHealth =
  /** nothing is known or nothing can be wrong */
  | ""
  /** as it should be */
  | "good"
  /** on its way: starting, rolling out, terminating */
  | "progress"
  /** works, but somebody should look */
  | "warning"
  /** broken */
  | "bad"
  | (string & {});

/** TreeState is how far a view can be believed. */
export type TreeState =
  /** rows are still arriving */
  | "loading"
  /** complete, and changes follow */
  | "live"
  /** the stream broke and is being resumed; see Page.Problem */
  | "reconnecting"
  /** it cannot be listed, and why; tried again from time to time */
  | "failed"
  | (string & {});

/** pilothouse/explorer/moreParams tell how large a view's window shall be. */
export interface ExplorerMoreParams {
  /** view is the id from the page that opened it. */
  view: string;
  /** limit bounds the rows in the window; negative means all. */
  limit: number;
}

/** ViewParams name a view. */
export interface ViewParams {
  /** view is the id from the page that opened it. */
  view: string;
}

/** TreeChange is what happened in a view since the page or change before it. */
export interface TreeChange {
  view: string;
  /** seq is one more than the last. A client that sees a gap asks for a resync. */
  seq: number;
  /** reset, when set, replaces the whole window: Ops is empty then. */
  reset?: TreePage;
  /** ops are applied in order to the rows of the window. */
  ops?: TreeOp[];
  total: number;
  state: TreeState;
  problem?: ProblemDetail;
}

/**
 * TreeOp is one step of a change: take the row with this ID out of the window if it
 * is there; then, if Row is set, put it at Index.
 */
export interface TreeOp {
  id: string;
  index: number;
  row?: TreeRow;
}

/**
 * InitializationOptions stand in the initialize request. An editor that knows
 * nothing of Pilothouse leaves them out.
 */
export interface InitializationOptions {
  /**
   * contract is the version of the contract that the client was made for. Where the
   * daemon speaks another, initialize answers daemonVersion. 0 is not compared.
   */
  contract?: number;
  /** version is the client's build, for the log and for people. */
  version?: string;
  /**
   * kubeconfig are the absolute paths of the files in the client's own KUBECONFIG.
   * The daemon reads them besides those of its own environment, as trusted.
   */
  kubeconfig?: string[];
  /**
   * settings are those of the editor, for clients that do not answer
   * workspace/configuration.
   */
  settings?: Settings;
}

/** Settings are the section "pilothouse" of an editor's settings. */
export interface Settings {
  /**
   * logLevel is what the daemon writes to its log: "debug", "info", "warn" or
   * "error". The daemon has one log: the last session to say so decides.
   */
  logLevel?: string;
  /**
   * kubeconfigs are absolute paths of kubeconfig files to read besides those of
   * KUBECONFIG. They may come from a workspace and so are not trusted: their
   * credential plugins run once the person has trusted the file.
   */
  kubeconfigs?: string[];
}

/**
 * Experimental stands under "pilothouse" in the experimental capabilities of the
 * daemon's answer to initialize.
 */
export interface Experimental {
  /** contract is the version of the contract that the daemon speaks. */
  contract: number;
}

/** The calls of the contract, with what they take and give. */
export interface Calls {
  /**
   * Gives every context of every kubeconfig file. From then on
   * pilothouse/clusters/changed tells the session when to ask again.
   */
  "pilothouse/clusters/list": { params: None; result: ClusterList };
  /**
   * Reads one more kubeconfig file and remembers it. A file that
   * is added again takes the new trust.
   */
  "pilothouse/clusters/addFile": { params: AddFileParams; result: None };
  /** Forgets a file that was added. */
  "pilothouse/clusters/removeFile": { params: FileParams; result: None };
  /**
   * Sets the working namespace of a context in Pilothouse;
   * the kubeconfig file stays as it is.
   */
  "pilothouse/clusters/setNamespace": { params: SetNamespaceParams; result: None };
  /** Tries at once what waits for its next attempt to reach a cluster. */
  "pilothouse/clusters/retry": { params: ContextParams; result: None };
  /**
   * Gives the kinds that an API server serves, all or those that
   * people call by some names. A name that nothing is called by is kindUnknown.
   */
  "pilothouse/clusters/kinds": { params: KindsParams; result: KindList };
  /**
   * Tells which daemon this is and whom it serves. It is answered before
   * initialize too, so that a client can compare versions first.
   */
  "pilothouse/daemon/info": { params: None; result: DaemonStatus };
  /**
   * Looks for what is wrong with the set-up. It may take some
   * seconds where a cluster does not answer.
   */
  "pilothouse/daemon/doctor": { params: None; result: DoctorReport };
  /**
   * Ends the daemon for every session. It is answered before
   * initialize too, so that a newer client can take an older daemon's place.
   */
  "pilothouse/daemon/shutdown": { params: ShutdownParams; result: ShutdownResult };
  /**
   * Sends the daemon's log to this session as pilothouse/log/message, from now on and
   * from the given level up. Following again changes the level.
   */
  "pilothouse/log/follow": { params: LogFollowParams; result: None };
  /** Ends what pilothouse/log/follow began. */
  "pilothouse/log/unfollow": { params: None; result: None };
  /**
   * Opens a view of a node's children and gives its rows as far
   * as they are known within a short moment; what follows comes as
   * pilothouse/explorer/changed, never before this answer.
   */
  "pilothouse/explorer/children": { params: TreeQuery; result: TreePage };
  /** Sets how many rows the view's window holds. The rows come as a change. */
  "pilothouse/explorer/more": { params: ExplorerMoreParams; result: None };
  /**
   * Gives the whole window again, to a client that lost track.
   * Changes go on from the answer's seq.
   */
  "pilothouse/explorer/resync": { params: ViewParams; result: TreePage };
  /**
   * Ends a view. No change of it follows the answer. Closing a view
   * that is not open is no error.
   */
  "pilothouse/explorer/close": { params: ViewParams; result: None };
}

/** The notifications of the daemon, with what they carry. */
export interface Notifications {
  /** Tells that pilothouse/clusters/list would answer something else now. */
  "pilothouse/clusters/changed": None;
  /** Carries one record of the daemon's log. */
  "pilothouse/log/message": LogRecord;
  /**
   * Tells what happened in a view. A client that reads slowly gets
   * fewer and larger changes, each bounded by the window.
   */
  "pilothouse/explorer/changed": TreeChange;
}

/** The codes of errors; their data is a ProblemDetail. */
export const errorCodes = {
  /** A fault of Pilothouse itself. */
  internal: 1000,
  /** A kubeconfig file cannot be read or makes no sense. */
  kubeconfigInvalid: 1001,
  /** No kubeconfig file defines that context (any more). */
  contextUnknown: 1002,
  /** The exec credential plugin was not found or failed. */
  credentialPlugin: 1003,
  /** The workspace or file is not trusted, so nothing of it is run. */
  untrusted: 1004,
  /** Daemon and client speak different versions of the contract. */
  daemonVersion: 1005,
  /** The API server does not answer. */
  unreachable: 1100,
  /** The API server does not accept the credentials. */
  unauthorized: 1101,
  /** The user may not do this. */
  forbidden: 1102,
  /** The API server's certificate does not verify. */
  certificateUntrusted: 1103,
  /** The API server does not serve that kind (any more). */
  kindUnknown: 1104,
  /** There is no such object (any more). */
  notFound: 1105,
  /** The API server refused the request for any other reason. */
  rejected: 1106,
  /** The API server asked us to come back later. */
  overloaded: 1107,
  /** A filter, a selector or an identifier cannot be parsed. */
  invalidQuery: 1200,
  /** The view, stream or session is closed. */
  gone: 1201,
} as const;

/** What ends a subscription. */
export interface Subscription {
  dispose(): void;
}

/* eslint-disable @typescript-eslint/no-explicit-any -- a connection's own kinds are not known here */

/** A connection to the daemon; a LanguageClient is one. */
export interface Connection {
  sendRequest<R>(method: string, params: unknown, token?: any): Promise<R>;
  onNotification(method: string, handler: (params: any) => void): Subscription;
}

/* eslint-enable @typescript-eslint/no-explicit-any */

/** The daemon, by its contract. */
export class Daemon {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Makes a call. A token of the connection's own kind cancels it. */
  call<M extends keyof Calls>(method: M, params: Calls[M]["params"], token?: unknown): Promise<Calls[M]["result"]> {
    return this.#connection.sendRequest(method, params, token);
  }

  /** Calls handler with every notification of that name until the subscription is disposed. */
  on<M extends keyof Notifications>(method: M, handler: (params: Notifications[M]) => void): Subscription {
    return this.#connection.onNotification(method, handler);
  }
}
