// Package config is what every part of the cluster agrees on: its name, its folders, its addresses and its ports.
package config

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"time"
)

// Cluster is one cluster. `up` decides it once and writes it to the state folder, from where everything else reads it.
type Cluster struct {
	Name string `json:"name"`
	// Fake tells that there is a control plane and fake nodes only, all on the loopback interface.
	Fake bool `json:"fake"`
	// Started is when the supervisor was.
	Started time.Time `json:"started"`
	// State is the folder that holds all of this cluster and nothing else.
	State string `json:"state"`
	// Programs is the folders that hold the programs, as a PATH.
	Programs []string `json:"programs"`
	Network  Network  `json:"network"`
	Ports    Ports    `json:"ports"`
}

// Ports are the ports that the host or the cluster connects to.
type Ports struct {
	APIServer  int `json:"apiServer"`
	EtcdClient int `json:"etcdClient"`
	EtcdPeer   int `json:"etcdPeer"`
	Registry   int `json:"registry"`
}

// Network is the addresses of a cluster. With a real node it is one /16: the wire between host and node, the pods and
// the Services each have a part of it, and the host reaches all of them through one route.
type Network struct {
	// Link is the host's end of the wire.
	Link     string       `json:"link"`
	All      netip.Prefix `json:"all"`
	Host     netip.Addr   `json:"host"`
	Node     netip.Addr   `json:"node"`
	Pods     netip.Prefix `json:"pods"`
	Services netip.Prefix `json:"services"`
	DNS      netip.Addr   `json:"dns"`
}

// Networks is how many clusters can have a real node at a time.
const Networks = 40

// NumberedNetwork returns the network of number, from 0 to Networks-1.
func NumberedNetwork(number int) Network {
	second := byte(200 + number)
	address := func(third, fourth byte) netip.Addr { return netip.AddrFrom4([4]byte{10, second, third, fourth}) }
	return Network{
		Link:     fmt.Sprintf("pilothouse%d", number),
		All:      netip.PrefixFrom(address(0, 0), 16),
		Host:     address(0, 1),
		Node:     address(0, 2),
		Pods:     netip.PrefixFrom(address(64, 0), 18),
		Services: netip.PrefixFrom(address(128, 0), 17),
		DNS:      address(128, 10),
	}
}

// LoopbackNetwork is the network of a cluster without a real node.
func LoopbackNetwork() Network {
	network := NumberedNetwork(0)
	loopback := netip.AddrFrom4([4]byte{127, 0, 0, 1})
	network.Link, network.Host, network.Node = "", loopback, loopback
	return network
}

// NodeName is the name of the real node.
func (c *Cluster) NodeName() string { return c.Name + "-node" }

// Server is the URL of the API server.
func (c *Cluster) Server() string {
	return fmt.Sprintf("https://%s", netip.AddrPortFrom(c.Network.Node, uint16(c.Ports.APIServer)))
}

// RegistryHost is the registry's host and port.
func (c *Cluster) RegistryHost() string {
	return netip.AddrPortFrom(c.Network.Node, uint16(c.Ports.Registry)).String()
}

// File returns the path of a file in the state folder.
func (c *Cluster) File(parts ...string) string {
	return filepath.Join(append([]string{c.State}, parts...)...)
}

// Kubeconfig is the file that a client of the cluster uses.
func (c *Cluster) Kubeconfig() string { return c.File("kubeconfig") }

// Log is the file that a component writes.
func (c *Cluster) Log(component string) string { return c.File("logs", component+".log") }

// Cgroup is the name of the folder in each cgroup hierarchy that the pods are in.
func (c *Cluster) Cgroup() string { return c.Network.Link + "-" + c.Name }

const file = "cluster.json"

// Write keeps the cluster in its state folder, all of it or nothing.
func (c *Cluster) Write() error {
	data, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return err
	}
	unfinished := c.File(file + ".unfinished")
	if err := os.WriteFile(unfinished, append(data, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(unfinished, c.File(file))
}

// Read returns the cluster that a state folder holds; the error is fs.ErrNotExist when there is none.
func Read(state string) (*Cluster, error) {
	data, err := os.ReadFile(filepath.Join(state, file))
	if err != nil {
		return nil, err
	}
	var cluster Cluster
	if err := json.Unmarshal(data, &cluster); err != nil {
		return nil, fmt.Errorf("reading %s: %w", filepath.Join(state, file), err)
	}
	return &cluster, nil
}

// CheckName tells whether name can name a cluster: it becomes a part of a context, a host name and a cgroup.
func CheckName(name string) error {
	if !regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$`).MatchString(name) {
		return fmt.Errorf("%q is no cluster's name: use up to 40 of a-z, 0-9 and -", name)
	}
	return nil
}
