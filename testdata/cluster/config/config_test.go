package config

import (
	"net/netip"
	"reflect"
	"testing"
)

func TestNetworksDoNotOverlap(t *testing.T) {
	for number := range Networks {
		network := NumberedNetwork(number)
		for _, address := range []netip.Addr{network.Host, network.Node, network.DNS, network.Pods.Addr(), network.Services.Addr()} {
			if !network.All.Contains(address) {
				t.Errorf("%s is not in %s", address, network.All)
			}
		}
		if network.Pods.Overlaps(network.Services) || network.Pods.Contains(network.Node) || network.Services.Contains(network.Node) {
			t.Errorf("the parts of %s overlap", network.All)
		}
		if !network.Services.Contains(network.DNS) {
			t.Errorf("%s is no Service's address", network.DNS)
		}
		for other := range number {
			if network.All.Overlaps(NumberedNetwork(other).All) {
				t.Errorf("networks %d and %d overlap", number, other)
			}
		}
	}
}

func TestNames(t *testing.T) {
	for name, ok := range map[string]bool{"pilothouse": true, "a": true, "two-2": true, "": false, "-a": false, "a-": false, "A": false, "a/b": false, "a.b": false} {
		if err := CheckName(name); (err == nil) != ok {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestAClusterIsReadAsItWasWritten(t *testing.T) {
	written := &Cluster{Name: "a", State: t.TempDir(), Programs: []string{"/x"}, Network: NumberedNetwork(3), Ports: Ports{APIServer: 1}}
	if err := written.Write(); err != nil {
		t.Fatal(err)
	}
	read, err := Read(written.State)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(written, read) {
		t.Errorf("read %+v, wrote %+v", read, written)
	}
}
