package problem

// Code tells failures apart. Its number is the code of a JSON-RPC error, its
// name the code in the error's data; both are part of the contract
// (docs/protocol.md lists them). New ones are added at the end of a family.
type Code int

// Families of a hundred: 1000 the set-up on this machine, 1100 a cluster,
// 1200 what was asked for.
const (
	// Internal is a fault of Pilothouse itself.
	Internal Code = 1000
	// KubeconfigInvalid: a kubeconfig file cannot be read or makes no sense.
	KubeconfigInvalid Code = 1001
	// ContextUnknown: no kubeconfig file defines that context (any more).
	ContextUnknown Code = 1002
	// CredentialPlugin: the exec credential plugin was not found or failed.
	CredentialPlugin Code = 1003
	// Untrusted: the workspace or file is not trusted, so nothing of it is run.
	Untrusted Code = 1004
	// DaemonVersion: daemon and client speak different versions of the contract.
	DaemonVersion Code = 1005

	// Unreachable: the API server does not answer.
	Unreachable Code = 1100
	// Unauthorized: the API server does not accept the credentials.
	Unauthorized Code = 1101
	// Forbidden: the user may not do this.
	Forbidden Code = 1102
	// CertificateUntrusted: the API server's certificate does not verify.
	CertificateUntrusted Code = 1103
	// KindUnknown: the API server does not serve that kind (any more).
	KindUnknown Code = 1104
	// NotFound: there is no such object (any more).
	NotFound Code = 1105
	// Rejected: the API server refused the request for any other reason.
	Rejected Code = 1106
	// Overloaded: the API server asked us to come back later.
	Overloaded Code = 1107

	// InvalidQuery: a filter, a selector or an identifier cannot be parsed.
	InvalidQuery Code = 1200
	// Gone: the view, stream or session is closed.
	Gone Code = 1201
)

// Name is the code as it stands in the data of an error.
func (c Code) Name() string {
	switch c {
	case KubeconfigInvalid:
		return "kubeconfigInvalid"
	case ContextUnknown:
		return "contextUnknown"
	case CredentialPlugin:
		return "credentialPlugin"
	case Untrusted:
		return "untrusted"
	case DaemonVersion:
		return "daemonVersion"
	case Unreachable:
		return "unreachable"
	case Unauthorized:
		return "unauthorized"
	case Forbidden:
		return "forbidden"
	case CertificateUntrusted:
		return "certificateUntrusted"
	case KindUnknown:
		return "kindUnknown"
	case NotFound:
		return "notFound"
	case Rejected:
		return "rejected"
	case Overloaded:
		return "overloaded"
	case InvalidQuery:
		return "invalidQuery"
	case Gone:
		return "gone"
	}
	return "internal"
}
