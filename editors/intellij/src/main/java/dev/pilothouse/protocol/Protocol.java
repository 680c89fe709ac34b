// Generated from the Go declarations in server/wire: go generate ./server/wire. Do not edit.
package dev.pilothouse.protocol;

import java.util.List;
import java.util.Map;

/** The contract between the daemon and its front-ends. */
public final class Protocol {
    private Protocol() {}

    /** The version of the contract that this file was made from. */
    public static final int CONTRACT_VERSION = 1;

    /** Names a call with its params and its result. */
    public static final class Call<P, R> {
        public final String name;
        public final Class<P> params;
        public final Class<R> result;

        Call(String name, Class<P> params, Class<R> result) {
            this.name = name;
            this.params = params;
            this.result = result;
        }
    }

    /** Names a notification of the daemon with its params. */
    public static final class Notification<P> {
        public final String name;
        public final Class<P> params;

        Notification(String name, Class<P> params) {
            this.name = name;
            this.params = params;
        }
    }

    /**
     * Gives every context of every kubeconfig file. From then on
     * pilothouse/clusters/changed tells the session when to ask again.
     */
    public static final Call<None, ClusterList> CLUSTERS_LIST =
            new Call<>("pilothouse/clusters/list", None.class, ClusterList.class);

    /**
     * Reads one more kubeconfig file and remembers it. A file that
     * is added again takes the new trust.
     */
    public static final Call<AddFileParams, None> CLUSTERS_ADD_FILE =
            new Call<>("pilothouse/clusters/addFile", AddFileParams.class, None.class);

    /** Forgets a file that was added. */
    public static final Call<FileParams, None> CLUSTERS_REMOVE_FILE =
            new Call<>("pilothouse/clusters/removeFile", FileParams.class, None.class);

    /**
     * Sets the working namespace of a context in Pilothouse;
     * the kubeconfig file stays as it is.
     */
    public static final Call<SetNamespaceParams, None> CLUSTERS_SET_NAMESPACE =
            new Call<>("pilothouse/clusters/setNamespace", SetNamespaceParams.class, None.class);

    /** Tries at once what waits for its next attempt to reach a cluster. */
    public static final Call<ContextParams, None> CLUSTERS_RETRY =
            new Call<>("pilothouse/clusters/retry", ContextParams.class, None.class);

    /**
     * Gives the kinds that an API server serves, all or those that
     * people call by some names. A name that nothing is called by is kindUnknown.
     */
    public static final Call<KindsParams, KindList> CLUSTERS_KINDS =
            new Call<>("pilothouse/clusters/kinds", KindsParams.class, KindList.class);

    /** Tells that pilothouse/clusters/list would answer something else now. */
    public static final Notification<None> CLUSTERS_CHANGED =
            new Notification<>("pilothouse/clusters/changed", None.class);

    /**
     * Tells which daemon this is and whom it serves. It is answered before
     * initialize too, so that a client can compare versions first.
     */
    public static final Call<None, DaemonStatus> DAEMON_INFO =
            new Call<>("pilothouse/daemon/info", None.class, DaemonStatus.class);

    /**
     * Looks for what is wrong with the set-up. It may take some
     * seconds where a cluster does not answer.
     */
    public static final Call<None, DoctorReport> DAEMON_DOCTOR =
            new Call<>("pilothouse/daemon/doctor", None.class, DoctorReport.class);

    /**
     * Ends the daemon for every session. It is answered before
     * initialize too, so that a newer client can take an older daemon's place.
     */
    public static final Call<ShutdownParams, ShutdownResult> DAEMON_SHUTDOWN =
            new Call<>("pilothouse/daemon/shutdown", ShutdownParams.class, ShutdownResult.class);

    /**
     * Sends the daemon's log to this session as pilothouse/log/message, from now on and
     * from the given level up. Following again changes the level.
     */
    public static final Call<LogFollowParams, None> LOG_FOLLOW =
            new Call<>("pilothouse/log/follow", LogFollowParams.class, None.class);

    /** Ends what pilothouse/log/follow began. */
    public static final Call<None, None> LOG_UNFOLLOW =
            new Call<>("pilothouse/log/unfollow", None.class, None.class);

    /** Carries one record of the daemon's log. */
    public static final Notification<LogRecord> LOG_MESSAGE =
            new Notification<>("pilothouse/log/message", LogRecord.class);

    /**
     * Opens a view of a node's children and gives its rows as far
     * as they are known within a short moment; what follows comes as
     * pilothouse/explorer/changed, never before this answer.
     */
    public static final Call<TreeQuery, TreePage> EXPLORER_CHILDREN =
            new Call<>("pilothouse/explorer/children", TreeQuery.class, TreePage.class);

    /** Sets how many rows the view's window holds. The rows come as a change. */
    public static final Call<ExplorerMoreParams, None> EXPLORER_MORE =
            new Call<>("pilothouse/explorer/more", ExplorerMoreParams.class, None.class);

    /**
     * Gives the whole window again, to a client that lost track.
     * Changes go on from the answer's seq.
     */
    public static final Call<ViewParams, TreePage> EXPLORER_RESYNC =
            new Call<>("pilothouse/explorer/resync", ViewParams.class, TreePage.class);

    /**
     * Ends a view. No change of it follows the answer. Closing a view
     * that is not open is no error.
     */
    public static final Call<ViewParams, None> EXPLORER_CLOSE =
            new Call<>("pilothouse/explorer/close", ViewParams.class, None.class);

    /**
     * Tells what happened in a view. A client that reads slowly gets
     * fewer and larger changes, each bounded by the window.
     */
    public static final Notification<TreeChange> EXPLORER_CHANGED =
            new Notification<>("pilothouse/explorer/changed", TreeChange.class);

    /** The codes of errors; their data is a ProblemDetail. */
    public static final class ErrorCodes {
        /** A fault of Pilothouse itself. */
        public static final int INTERNAL = 1000;
        /** A kubeconfig file cannot be read or makes no sense. */
        public static final int KUBECONFIG_INVALID = 1001;
        /** No kubeconfig file defines that context (any more). */
        public static final int CONTEXT_UNKNOWN = 1002;
        /** The exec credential plugin was not found or failed. */
        public static final int CREDENTIAL_PLUGIN = 1003;
        /** The workspace or file is not trusted, so nothing of it is run. */
        public static final int UNTRUSTED = 1004;
        /** Daemon and client speak different versions of the contract. */
        public static final int DAEMON_VERSION = 1005;
        /** The API server does not answer. */
        public static final int UNREACHABLE = 1100;
        /** The API server does not accept the credentials. */
        public static final int UNAUTHORIZED = 1101;
        /** The user may not do this. */
        public static final int FORBIDDEN = 1102;
        /** The API server's certificate does not verify. */
        public static final int CERTIFICATE_UNTRUSTED = 1103;
        /** The API server does not serve that kind (any more). */
        public static final int KIND_UNKNOWN = 1104;
        /** There is no such object (any more). */
        public static final int NOT_FOUND = 1105;
        /** The API server refused the request for any other reason. */
        public static final int REJECTED = 1106;
        /** The API server asked us to come back later. */
        public static final int OVERLOADED = 1107;
        /** A filter, a selector or an identifier cannot be parsed. */
        public static final int INVALID_QUERY = 1200;
        /** The view, stream or session is closed. */
        public static final int GONE = 1201;
    }

    /** None has no members: the params or the result of a method that needs none. */
    public static final class None {
    }

    /** ClusterList is what is known of kubeconfig. */
    public static final class ClusterList {
        public List<ClusterContext> contexts;
        public List<ClusterFile> files;
    }

    /** ClusterContext is one context of a kubeconfig file. */
    public static final class ClusterContext {
        /**
         * id names the context in Pilothouse: its name, or "name (file)" where an
         * added file repeats the name of another.
         */
        public String id;
        /** name is the name the file gives it. */
        public String name;
        /** cluster and User are the names of the entries the context refers to. */
        public String cluster;
        public String user;
        /**
         * namespace is the working namespace: as set in Pilothouse, else as the file
         * says, else "default".
         */
        public String namespace;
        /** server is the URL of the API server, without credentials. */
        public String server;
        /** file is the path of the file that defines the context. */
        public String file;
        /** current marks kubeconfig's current-context. It is shown, never followed. */
        public boolean current;
        /**
         * problem tells why the context cannot be used; nil when nothing is known
         * to be wrong.
         */
        public ProblemDetail problem;
    }

    /**
     * ProblemDetail is the form in which an Error crosses the wire, as the data of a
     * JSON-RPC error and wherever a row or a status carries its own problem.
     */
    public static final class ProblemDetail {
        /** code is the stable name of the failure, for example "unreachable". */
        public String code;
        /** message is one sentence for a person. */
        public String message;
        /** cause is the failure as the cluster or the machine told it. */
        public String cause;
        /** tried is what was being done. */
        public String tried;
        /** suggestions are next steps, most promising first. */
        public List<String> suggestions;
    }

    /** ClusterFile is one kubeconfig file that Pilothouse reads. */
    public static final class ClusterFile {
        /** path is absolute. */
        public String path;
        /** added tells that the user added the file to those of KUBECONFIG. */
        public boolean added;
        /** trusted tells that credential plugins of the file may be run. */
        public boolean trusted;
        /** problem tells why the file cannot be read, with the line where that is known. */
        public ProblemDetail problem;
    }

    /** AddFileParams name a kubeconfig file to read. */
    public static final class AddFileParams {
        /** path is absolute. */
        public String path;
        /** trusted allows the credential plugins that the file names to be run. */
        public boolean trusted;
    }

    /** FileParams name a kubeconfig file. */
    public static final class FileParams {
        /** path is absolute. */
        public String path;
    }

    /** SetNamespaceParams choose the working namespace of a context. */
    public static final class SetNamespaceParams {
        /** context is the context's id. */
        public String context;
        /** namespace is the namespace; "" goes back to what the kubeconfig file says. */
        public String namespace;
    }

    /** ContextParams name a context. */
    public static final class ContextParams {
        /** context is the context's id. */
        public String context;
    }

    /** KindsParams name kinds of a context's cluster. */
    public static final class KindsParams {
        /** context is the context's id. */
        public String context;
        /**
         * names are what people call kinds, as kubectl takes them: plural, singular, short
         * name or kind, with the group where it matters, or a category such as "all".
         * None means every kind.
         */
        public List<String> names;
    }

    /** KindList is kinds in the order of the names that were asked for, each once. */
    public static final class KindList {
        public List<ClusterKind> kinds;
    }

    /**
     * ClusterKind is one kind of object that an API server serves, in the version the
     * server prefers.
     */
    public static final class ClusterKind {
        public String group;
        public String version;
        /** resource is the plural in paths, for example "deployments". */
        public String resource;
        /** kind is the type's name, for example "Deployment". */
        public String kind;
        public String singular;
        public List<String> shortNames;
        public List<String> categories;
        public boolean namespaced;
        public List<String> verbs;
        /**
         * custom tells that a CustomResourceDefinition or an aggregated API server
         * brought the kind, not Kubernetes itself.
         */
        public boolean custom;
    }

    /** DaemonStatus tells which daemon answers. */
    public static final class DaemonStatus {
        /** version is the daemon's build, for example "v0.1.0". */
        public String version;
        /** contract is the version of the contract it speaks. */
        public int contract;
        /** pid is the daemon's process. */
        public int pid;
        /** started is when it started, in Unix seconds. */
        public long started;
        /** memory is what the daemon holds of the machine's memory, in bytes. */
        public long memory;
        /** sessions are the connections now open, the asking one among them, oldest first. */
        public List<SessionInfo> sessions;
        /** socket is the path it listens on; "" when it serves one client alone. */
        public String socket;
        /** logFile is the path of its log; "" when it writes none. */
        public String logFile;
    }

    /** SessionInfo tells of one connection. */
    public static final class SessionInfo {
        /** client is what the client calls itself, with its version; "" before initialize. */
        public String client;
        /** since is when it connected, in Unix seconds. */
        public long since;
        /** views counts its open views. */
        public int views;
    }

    /** DoctorReport is what was found, in the order of the checks. */
    public static final class DoctorReport {
        public List<Finding> findings;
    }

    /** Finding is the outcome of one check of the set-up. */
    public static final class Finding {
        /** check is what was looked at, for example "socket". */
        public String check;
        public String level;
        /** message is one sentence for a person. */
        public String message;
        /** problem tells the cause and what to do where the level is not ok. */
        public ProblemDetail problem;
    }

    /** FindingLevel tells how bad a finding is. */
    public static final class FindingLevel {
        /** as it should be */
        public static final String LEVEL_OK = "ok";
        /** works, but somebody should look */
        public static final String LEVEL_WARNING = "warning";
        /** something will not work */
        public static final String LEVEL_ERROR = "error";
    }

    /** ShutdownParams say when not to end the daemon. */
    public static final class ShutdownParams {
        /** ifIdle leaves the daemon running when another session uses it. */
        public boolean ifIdle;
    }

    /** ShutdownResult tells whether the daemon ends. */
    public static final class ShutdownResult {
        public boolean stopping;
    }

    /** pilothouse/log/followParams choose what of the log to send. */
    public static final class LogFollowParams {
        /** level is "debug", "info", "warn" or "error"; "" means "info". */
        public String level;
    }

    /** LogRecord is one record of the daemon's log. */
    public static final class LogRecord {
        /** time is when it was written, in Unix milliseconds. */
        public long time;
        /** level is "debug", "info", "warn" or "error". */
        public String level;
        public String message;
        /** attributes are the record's values as text; a group's are named "group.name". */
        public Map<String, String> attributes;
        /** dropped counts the records before this one that the client was too slow to take. */
        public int dropped;
    }

    /** TreeQuery asks for the children of one node. */
    public static final class TreeQuery {
        /** node is the id of the row to expand; "" is the root, whose rows are the contexts. */
        public String node;
        /** limit bounds the rows held in the view's window; 0 means 500, negative all. */
        public int limit;
        public TreeFilter filter;
        public TreeSort sort;
    }

    /** TreeFilter narrows a view. All parts must match. */
    public static final class TreeFilter {
        /** name is a part of the name, in any case. */
        public String name;
        /** labels is a label selector in kubectl's syntax; the API server evaluates it. */
        public String labels;
        /** fields is a field selector in kubectl's syntax; the API server evaluates it. */
        public String fields;
        /** status is a part of the status cell, in any case, or a health. */
        public String status;
    }

    /**
     * TreeSort orders a view by a column; without one rows stand as the API server lists
     * them, by namespace and name.
     */
    public static final class TreeSort {
        public String column;
        public boolean descending;
    }

    /** TreePage is the whole of a view: the answer to a query, and to a resync. */
    public static final class TreePage {
        /** view is the id of the subscription, to be closed by the client. */
        public String view;
        /** seq is the number of this page; the first change carries Seq+1. */
        public long seq;
        public List<TreeColumn> columns;
        public List<TreeRow> rows;
        /** total counts the rows that match the filter; more of them may exist than stand in Rows. */
        public int total;
        public String state;
        public ProblemDetail problem;
    }

    /** TreeColumn is one printer column, as kubectl shows it. */
    public static final class TreeColumn {
        public String name;
        /** type is "string", "number" or "time"; cells of a time column stand in Row.Times. */
        public String type;
        /** wide columns are shown by kubectl only with -o wide. */
        public boolean wide;
        public String description;
    }

    /** TreeRow is one row of the tree. */
    public static final class TreeRow {
        /**
         * id names the row in the whole tree and stays the same across restarts of
         * daemon and editor. It is opaque: to expand the row, send it back.
         */
        public String id;
        public String type;
        /** name is what the row is called. */
        public String name;
        /** description is a short addition that editors show dimmed beside the name. */
        public String description;
        /** detail is a sentence or a few lines for a tooltip. */
        public String detail;
        /** object is set when the row stands for an object or a container. */
        public TreeObjectRef object;
        /** kind is set when the row stands for a kind: its id, for example "deployments.apps". */
        public String kind;
        /** cells are the printer columns' values, in the order of Page.Columns. */
        public List<String> cells;
        /**
         * times gives, for a cell by its index, the moment in Unix seconds that the cell
         * counts from. Show the human duration since then where "{}" stands in the cell.
         */
        public Map<Integer, Long> times;
        /** status is the word the health was read from, for example "CrashLoopBackOff". */
        public String status;
        public String health;
        /** count is how many rows stand below, where that is known. */
        public Integer count;
        /** expandable tells that the row may have children. */
        public boolean expandable;
        /** problem tells what is wrong with a context or why a message stands here. */
        public ProblemDetail problem;
    }

    /** TreeNodeType tells what a row stands for. */
    public static final class TreeNodeType {
        /** a kubeconfig context */
        public static final String CONTEXT = "context";
        /** an overview, a group of kinds, "Namespaces", ... */
        public static final String FOLDER = "folder";
        /** a namespace with its kinds below it */
        public static final String NAMESPACE = "namespace";
        /** a kind with its objects below it */
        public static final String KIND = "kind";
        /** an object with what it owns below it */
        public static final String OBJECT = "object";
        /** a container of a pod */
        public static final String CONTAINER = "container";
        /** a sentence where rows would stand: why something is missing */
        public static final String MESSAGE = "message";
    }

    /** TreeObjectRef names an object in a cluster. */
    public static final class TreeObjectRef {
        public String context;
        public String group;
        public String version;
        public String resource;
        public String kind;
        public String namespace;
        public String name;
        public String uid;
        /** container is set on a container's row. */
        public String container;
    }

    /**
     * TreeHealth is the state of what a row stands for, rolled up from what is known
     * to be below it.
     */
    public static final class TreeHealth {
        /** nothing is known or nothing can be wrong */
        public static final String UNKNOWN = "";
        /** as it should be */
        public static final String GOOD = "good";
        /** on its way: starting, rolling out, terminating */
        public static final String PROGRESS = "progress";
        /** works, but somebody should look */
        public static final String WARNING = "warning";
        /** broken */
        public static final String BAD = "bad";
    }

    /** TreeState is how far a view can be believed. */
    public static final class TreeState {
        /** rows are still arriving */
        public static final String LOADING = "loading";
        /** complete, and changes follow */
        public static final String LIVE = "live";
        /** the stream broke and is being resumed; see Page.Problem */
        public static final String RECONNECTING = "reconnecting";
        /** it cannot be listed, and why; tried again from time to time */
        public static final String FAILED = "failed";
    }

    /** pilothouse/explorer/moreParams tell how large a view's window shall be. */
    public static final class ExplorerMoreParams {
        /** view is the id from the page that opened it. */
        public String view;
        /** limit bounds the rows in the window; negative means all. */
        public int limit;
    }

    /** ViewParams name a view. */
    public static final class ViewParams {
        /** view is the id from the page that opened it. */
        public String view;
    }

    /** TreeChange is what happened in a view since the page or change before it. */
    public static final class TreeChange {
        public String view;
        /** seq is one more than the last. A client that sees a gap asks for a resync. */
        public long seq;
        /** reset, when set, replaces the whole window: Ops is empty then. */
        public TreePage reset;
        /** ops are applied in order to the rows of the window. */
        public List<TreeOp> ops;
        public int total;
        public String state;
        public ProblemDetail problem;
    }

    /**
     * TreeOp is one step of a change: take the row with this ID out of the window if it
     * is there; then, if Row is set, put it at Index.
     */
    public static final class TreeOp {
        public String id;
        public int index;
        public TreeRow row;
    }

    /**
     * InitializationOptions stand in the initialize request. An editor that knows
     * nothing of Pilothouse leaves them out.
     */
    public static final class InitializationOptions {
        /**
         * contract is the version of the contract that the client was made for. Where the
         * daemon speaks another, initialize answers daemonVersion. 0 is not compared.
         */
        public int contract;
        /** version is the client's build, for the log and for people. */
        public String version;
        /**
         * kubeconfig are the absolute paths of the files in the client's own KUBECONFIG.
         * The daemon reads them besides those of its own environment, as trusted.
         */
        public List<String> kubeconfig;
        /**
         * settings are those of the editor, for clients that do not answer
         * workspace/configuration.
         */
        public Settings settings;
    }

    /** Settings are the section "pilothouse" of an editor's settings. */
    public static final class Settings {
        /**
         * logLevel is what the daemon writes to its log: "debug", "info", "warn" or
         * "error". The daemon has one log: the last session to say so decides.
         */
        public String logLevel;
        /**
         * kubeconfigs are absolute paths of kubeconfig files to read besides those of
         * KUBECONFIG. They may come from a workspace and so are not trusted: their
         * credential plugins run once the person has trusted the file.
         */
        public List<String> kubeconfigs;
    }

    /**
     * Experimental stands under "pilothouse" in the experimental capabilities of the
     * daemon's answer to initialize.
     */
    public static final class Experimental {
        /** contract is the version of the contract that the daemon speaks. */
        public int contract;
    }
}
