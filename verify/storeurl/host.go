package storeurl

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// Hosts parses the list host[:port],host[:port]… of a URL and returns each in the form
// that net.Dial takes. Hosts without a port get the given one.
func Hosts(list string, port int) ([]string, error) {
	if list == "" {
		return nil, errors.New("the host part is empty")
	}
	entries := strings.Split(list, ",")
	hosts := make([]string, len(entries))
	for i, entry := range entries {
		host, own, err := splitHost(entry)
		if err != nil {
			return nil, which(i, len(entries), err)
		}
		if own == 0 {
			own = port
		}
		hosts[i] = net.JoinHostPort(host, strconv.Itoa(own))
	}
	return hosts, nil
}

// Names parses hosts without ports, separated by commas and optional blanks. An IPv6
// address may be in brackets, which are removed.
func Names(list string) ([]string, error) {
	entries := strings.Split(list, ",")
	for i, entry := range entries {
		entry = strings.TrimSpace(entry)
		name, bracketed := strings.CutPrefix(entry, "[")
		if bracketed {
			if name, bracketed = strings.CutSuffix(name, "]"); !bracketed {
				return nil, which(i, len(entries), errors.New("there is text after the address in brackets: a port is a setting of its own"))
			}
		}
		if !bracketed && strings.Count(name, ":") == 1 {
			return nil, which(i, len(entries), errors.New("it has a colon: write the name or address alone, a port is a setting of its own"))
		}
		if err := checkHost(name, bracketed || strings.Contains(name, ":")); err != nil {
			return nil, which(i, len(entries), err)
		}
		entries[i] = name
	}
	return entries, nil
}

// which adds to the error which of several hosts is wrong.
func which(i, of int, err error) error {
	if of == 1 {
		return fmt.Errorf("the host: %w", err)
	}
	return fmt.Errorf("host %d of %d: %w", i+1, of, err)
}

func splitHost(entry string) (host string, port int, err error) {
	host, digits, hasPort := strings.Cut(entry, ":")
	bracketed := strings.HasPrefix(entry, "[")
	if bracketed {
		end := strings.IndexByte(entry, ']')
		if end < 0 {
			return "", 0, errors.New("its bracket is not closed")
		}
		host, digits = entry[1:end], entry[end+1:]
		digits, hasPort = strings.CutPrefix(digits, ":")
		if !hasPort && digits != "" {
			return "", 0, errors.New("only a colon and a port may follow the bracket")
		}
		if address, zone, found := strings.Cut(host, "%25"); found {
			host = address + "%" + zone // RFC 6874
		}
	} else if strings.Count(entry, ":") > 1 {
		return "", 0, errors.New("it has two colons: write an IPv6 address in brackets, and a colon in the password as %3A")
	}
	if err := checkHost(host, bracketed); err != nil {
		return "", 0, err
	}
	if hasPort {
		port, err = ParsePort(digits)
	}
	return host, port, err
}

var errPort = errors.New("the port is not a number from 1 to 65535; if it is part of the password, write / as %2F, ? as %3F and # as %23, and end the password with an @")

// ParsePort parses a port from 1 to 65535, in digits without leading zeros.
func ParsePort(digits string) (int, error) {
	port, err := strconv.ParseUint(digits, 10, 16)
	if err != nil || port == 0 || strings.Trim(digits, "0123456789") != "" || digits[0] == '0' {
		return 0, errPort
	}
	return int(port), nil
}

// CheckHost returns an error if host is not a host name or an IP address. IPv6 addresses
// must have no brackets.
func CheckHost(host string) error { return checkHost(host, strings.Contains(host, ":")) }

func checkHost(host string, isIPv6 bool) error {
	address, err := netip.ParseAddr(host)
	switch {
	case host == "":
		return errors.New("it is empty")
	case isIPv6 && (err != nil || !address.Is6()):
		return errors.New("it is not an IPv6 address, and only those have colons or brackets")
	case err == nil:
		return nil
	case len(host) > 253:
		return errors.New("it is longer than 253 characters")
	}
	labels := strings.Split(strings.TrimSuffix(host, "."), ".")
	for _, label := range labels {
		if label == "" || len(label) > 63 || strings.Trim(label, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") != "" || label[0] == '-' || label[len(label)-1] == '-' {
			return errors.New("it is not a host name: use letters a to z, digits, hyphens and single dots, at most 63 characters between two dots; write other letters in punycode (xn--…)")
		}
	}
	if last := labels[len(labels)-1]; strings.Trim(last, "0123456789") == "" {
		return errors.New("it ends in a number, but is not an IPv4 address of four numbers from 0 to 255")
	}
	return nil
}
