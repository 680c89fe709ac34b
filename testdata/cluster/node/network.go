package node

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"pilothouse/testdata/cluster/config"
)

// inside is the name of the wire's end in the cluster's network namespace.
const inside = "eth0"

// Connect lays a wire between the host and the network namespace of a process, with the first network that is free. The
// wire's name is the claim on the network, and its alias says whose it is: the cluster's in the state folder.
func Connect(pid int, state string) (config.Network, error) {
	for number := range config.Networks {
		network := config.NumberedNetwork(number)
		free, err := isFree(network.All)
		if err != nil {
			return network, fmt.Errorf("reading the host's routes: %w", err)
		}
		if !free {
			continue
		}
		attributes := netlink.NewLinkAttrs()
		attributes.Name = network.Link
		wire := &netlink.Veth{LinkAttrs: attributes, PeerName: inside, PeerNamespace: netlink.NsPid(pid)}
		if err := netlink.LinkAdd(wire); errors.Is(err, unix.EEXIST) {
			continue
		} else if err != nil {
			return network, fmt.Errorf("laying the wire to the node: %w", err)
		}
		// The kernel knows no alias when it makes a link.
		if err := netlink.LinkSetAlias(wire, state); err != nil {
			return network, fmt.Errorf("marking the wire to the node: %w", err)
		}
		return network, connectHost(network)
	}
	return config.Network{}, fmt.Errorf("all %d networks from %s on are in use", config.Networks, config.NumberedNetwork(0).All)
}

// isFree tells whether no route of the host but the default one leads into network.
func isFree(network netip.Prefix) (bool, error) {
	routes, err := netlink.RouteList(nil, netlink.FAMILY_V4)
	if err != nil {
		return false, err
	}
	for _, route := range routes {
		if route.Dst == nil {
			continue
		}
		address, ok := netip.AddrFromSlice(route.Dst.IP.To4())
		if !ok {
			continue
		}
		bits, _ := route.Dst.Mask.Size()
		if bits > 0 && network.Overlaps(netip.PrefixFrom(address, bits)) {
			return false, nil
		}
	}
	return true, nil
}

func connectHost(network config.Network) error {
	if err := raise(network.Link, network.Host); err != nil {
		return err
	}
	link, err := netlink.LinkByName(network.Link)
	if err != nil {
		return err
	}
	if err := netlink.RouteAdd(&netlink.Route{LinkIndex: link.Attrs().Index, Dst: ipNet(network.All), Gw: network.Node.AsSlice()}); err != nil {
		return fmt.Errorf("routing %s to the node: %w", network.All, err)
	}
	return nil
}

func connectInside(network config.Network) error {
	loopback, err := netlink.LinkByName("lo")
	if err != nil {
		return err
	}
	if err := netlink.LinkSetUp(loopback); err != nil {
		return fmt.Errorf("raising lo: %w", err)
	}
	if err := raise(inside, network.Node); err != nil {
		return err
	}
	// There is no default route: the cluster talks to the host and to itself. The kernel looks for a Service's route
	// before kube-proxy's rules give the packet another destination.
	link, err := netlink.LinkByName(inside)
	if err != nil {
		return err
	}
	if err := netlink.RouteAdd(&netlink.Route{LinkIndex: link.Attrs().Index, Dst: ipNet(network.Services), Scope: netlink.SCOPE_LINK}); err != nil {
		return fmt.Errorf("routing the Services: %w", err)
	}
	for name, value := range map[string]string{
		"ip_forward":         "1", // between pods
		"tcp_orphan_retries": "1", // so that the namespace ends soon after its last process
	} {
		if err := os.WriteFile("/proc/sys/net/ipv4/"+name, []byte(value), 0o600); err != nil {
			return fmt.Errorf("setting %s: %w", name, err)
		}
	}
	return nil
}

func raise(name string, address netip.Addr) error {
	link, err := netlink.LinkByName(name)
	if err != nil {
		return fmt.Errorf("looking for %s: %w", name, err)
	}
	if err := netlink.AddrAdd(link, &netlink.Addr{IPNet: ipNet(netip.PrefixFrom(address, 30))}); err != nil {
		return fmt.Errorf("giving %s the address %s: %w", name, address, err)
	}
	if err := netlink.LinkSetUp(link); err != nil {
		return fmt.Errorf("raising %s: %w", name, err)
	}
	return nil
}

func ipNet(prefix netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: prefix.Addr().AsSlice(), Mask: net.CIDRMask(prefix.Bits(), 32)}
}

// Disconnect takes the wire of a cluster away, if it is still the one of the cluster in the state folder. The kernel would
// do it too, but only with the last orphaned connection, which may be minutes later.
func Disconnect(network config.Network, state string) error {
	link, err := netlink.LinkByName(network.Link)
	if errors.As(err, &netlink.LinkNotFoundError{}) || err == nil && link.Attrs().Alias != state {
		return nil
	} else if err != nil {
		return fmt.Errorf("looking for %s: %w", network.Link, err)
	}
	if err := netlink.LinkDel(link); err != nil && !errors.Is(err, unix.ENODEV) {
		return fmt.Errorf("removing %s: %w", network.Link, err)
	}
	return nil
}
