package pki

import (
	"encoding/base64"
	"fmt"
	"os"
)

// Kubeconfig writes a kubeconfig with which a client is user, a member of groups, in the cluster at server. Its context
// and its cluster are called name and its user <name>-<user>, so that the files of several clusters merge.
func (a *Authority) Kubeconfig(path, name, server, user string, groups ...string) error {
	issued, err := a.client(user, groups)
	if err != nil {
		return err
	}
	base64 := base64.StdEncoding.EncodeToString
	text := fmt.Sprintf(`apiVersion: v1
kind: Config
clusters:
- name: %[1]s
  cluster:
    server: %[2]s
    certificate-authority-data: %[3]s
users:
- name: %[1]s-%[4]s
  user:
    client-certificate-data: %[5]s
    client-key-data: %[6]s
contexts:
- name: %[1]s
  context:
    cluster: %[1]s
    user: %[1]s-%[4]s
current-context: %[1]s
`, name, server, base64(a.certificatePEM), user, base64(issued.certificatePEM), base64(issued.keyPEM))
	return os.WriteFile(path, []byte(text), 0o600)
}
