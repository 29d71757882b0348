package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"
)

const (
	probeInterval = 100 * time.Millisecond
	probeTimeout  = 2 * time.Second
)

// requireFree fails where something listens on address. A collector of a
// process that was killed may need a moment to be gone, hence the tries.
func requireFree(ctx context.Context, flag, address string) error {
	var err error
	for try := range 50 {
		if try > 0 {
			if werr := sleep(ctx, probeInterval); werr != nil {
				return werr
			}
		}
		var l net.Listener
		if l, err = (&net.ListenConfig{}).Listen(ctx, "tcp", address); err == nil {
			return l.Close()
		}
		if !errors.Is(err, syscall.EADDRINUSE) {
			return usageError("write HOST:PORT such as 127.0.0.1:4318", "--%s %s: %w", flag, address, plainAddress(err))
		}
	}
	return environmentError(fmt.Sprintf("stop what listens there, or choose another with --%s HOST:PORT", flag),
		fmt.Errorf("--%s: %s is in use", flag, address))
}

// plainAddress drops the "listen tcp ADDRESS:" that net puts in front.
func plainAddress(err error) error {
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return op.Err
	}
	return err
}

// freePort picks a port of the loopback interface that is free now.
func freePort(ctx context.Context) (string, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// probe asks a URL once and wants 200.
func probe(ctx context.Context, method, url, body string) error {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswerBytes))
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %d: %s", url, resp.StatusCode, cell(string(text), maxAnswerInText))
	}
	return nil
}

// dialable is the address a client on this machine uses for a listener that
// may be bound to every interface.
func dialable(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}
