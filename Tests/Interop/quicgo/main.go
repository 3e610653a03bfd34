// An endpoint of the interoperability laboratory on quic-go: HTTP/0.9 over QUIC (ALPN hq-interop), by environment.
//
// ROLE, TESTCASE, REQUESTS and SSLKEYLOGFILE are those of the public QUIC interop runner. The folders and the port are
// environment too: WWW, DOWNLOADS, CERTS (cert.pem, priv.key, ca.pem) and PORT. It exits with 127 on a test case that
// quic-go's API does not reach.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"
	_ "unsafe" // for go:linkname

	"github.com/quic-go/quic-go"
)

// crypto/tls has no setting for the cipher suites of TLS 1.3, but leaves these two lists open to QUIC libraries.
//
//go:linkname defaultCipherSuitesTLS13 crypto/tls.defaultCipherSuitesTLS13
var defaultCipherSuitesTLS13 []uint16

//go:linkname defaultCipherSuitesTLS13NoAES crypto/tls.defaultCipherSuitesTLS13NoAES
var defaultCipherSuitesTLS13NoAES []uint16

const unsupported = 127

func main() {
	testcase := os.Getenv("TESTCASE")
	switch testcase {
	case "handshake", "transfer", "chacha20", "retry", "resumption", "zerortt", "multiconnect", "ecn":
	case "keyupdate":
		// There is no call for it: quic-go updates the keys after its first 100 packets, each long transfer has that.
	case "v2":
		// quic-go speaks version 2, but changes to it only by a Version Negotiation packet, not as RFC 9368, section 4.1.
		os.Exit(unsupported)
	case "connectionmigration":
		// A server can't send a preferred address and a client ignores the one it gets: quic-go has no field for it.
		os.Exit(unsupported)
	default:
		os.Exit(unsupported)
	}
	var err error
	switch os.Getenv("ROLE") {
	case "server":
		err = serve(testcase)
	case "client":
		err = fetch(testcase, strings.Fields(os.Getenv("REQUESTS")))
	default:
		err = errors.New("ROLE is neither server nor client")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func configuration(testcase string) *quic.Config {
	config := &quic.Config{
		Allow0RTT:            true,
		HandshakeIdleTimeout: 30 * time.Second,
		MaxIdleTimeout:       60 * time.Second,
	}
	switch testcase {
	case "multiconnect":
		// Handshakes at 30 % loss take long.
		config.HandshakeIdleTimeout = 180 * time.Second
		config.MaxIdleTimeout = 180 * time.Second
	case "zerortt":
		// Probe packets would count as data that did not come in 0-RTT.
		config.DisablePathMTUDiscovery = true
	}
	return config
}

// environment is the variable's value, or the one that the interop runner mounts.
func environment(name, standard string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return standard
}

func keyLog() (io.Writer, error) {
	name := os.Getenv("SSLKEYLOGFILE")
	if name == "" {
		return nil, nil
	}
	return os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
}

// Server.

func serve(testcase string) error {
	certificates := environment("CERTS", "/certs")
	certificate, err := tls.LoadX509KeyPair(
		filepath.Join(certificates, "cert.pem"), filepath.Join(certificates, "priv.key"))
	if err != nil {
		return err
	}
	secrets, err := keyLog()
	if err != nil {
		return err
	}
	address, err := net.ResolveUDPAddr("udp", ":"+environment("PORT", "443"))
	if err != nil {
		return err
	}
	socket, err := net.ListenUDP("udp", address)
	if err != nil {
		return err
	}
	transport := &quic.Transport{
		Conn:                socket,
		VerifySourceAddress: func(net.Addr) bool { return testcase == "retry" },
	}
	listener, err := transport.ListenEarly(&tls.Config{
		Certificates: []tls.Certificate{certificate},
		NextProtos:   []string{"hq-interop"},
		KeyLogWriter: secrets,
	}, configuration(testcase))
	if err != nil {
		return err
	}
	fmt.Println("listening on", listener.Addr())
	root := environment("WWW", "/www")
	for {
		connection, err := listener.Accept(context.Background())
		if err != nil {
			return err
		}
		go func() {
			for {
				stream, err := connection.AcceptStream(context.Background())
				if err != nil {
					return
				}
				go answer(stream, root)
			}
		}()
	}
}

func answer(stream quic.Stream, root string) {
	if err := send(stream, root); err != nil {
		fmt.Fprintln(os.Stderr, "stream", stream.StreamID(), "failed:", err)
		stream.CancelRead(1)
		stream.CancelWrite(1)
	}
}

func send(stream quic.Stream, root string) error {
	request, err := io.ReadAll(io.LimitReader(stream, 8192))
	if err != nil {
		return err
	}
	name, found := strings.CutPrefix(strings.TrimRight(string(request), "\r\n"), "GET /")
	if !found {
		return errors.New("that is no request of HTTP/0.9")
	}
	// Cleaned as an absolute path, the name cannot climb out of the folder.
	file, err := os.Open(filepath.Join(root, path.Clean("/"+name)))
	if err != nil {
		return err
	}
	defer file.Close()
	if _, err := io.Copy(stream, file); err != nil {
		return err
	}
	return stream.Close()
}

// Client.

func fetch(testcase string, requests []string) error {
	if len(requests) == 0 {
		return errors.New("REQUESTS is empty")
	}
	if testcase == "chacha20" {
		defaultCipherSuitesTLS13 = []uint16{tls.TLS_CHACHA20_POLY1305_SHA256}
		defaultCipherSuitesTLS13NoAES = defaultCipherSuitesTLS13
	}
	secrets, err := keyLog()
	if err != nil {
		return err
	}
	authority, err := os.ReadFile(filepath.Join(environment("CERTS", "/certs"), "ca.pem"))
	if err != nil {
		return err
	}
	authorities := x509.NewCertPool()
	if !authorities.AppendCertsFromPEM(authority) {
		return errors.New("ca.pem has no certificate")
	}
	tickets := &ticketCache{tls.NewLRUClientSessionCache(1), make(chan struct{}, 16)}
	client := &client{testcase, &tls.Config{
		RootCAs:            authorities,
		NextProtos:         []string{"hq-interop"},
		KeyLogWriter:       secrets,
		ClientSessionCache: tickets,
	}}
	switch testcase {
	case "resumption", "zerortt":
		// The first file gives the ticket, all others come over the second connection.
		if err := client.download(requests[:1], false, tickets.stored); err != nil {
			return err
		}
		return client.download(requests[1:], true, nil)
	case "multiconnect":
		client.tls.ClientSessionCache = nil
		for _, request := range requests {
			if err := client.download([]string{request}, false, nil); err != nil {
				return err
			}
		}
		return nil
	default:
		return client.download(requests, false, nil)
	}
}

type client struct {
	testcase string
	tls      *tls.Config
}

// download fetches all requests over one connection, which stays open until something arrives on the channel.
func (client *client) download(requests []string, resumes bool, until <-chan struct{}) error {
	if len(requests) == 0 {
		return errors.New("REQUESTS has too few files for this test case")
	}
	first, err := url.Parse(requests[0])
	if err != nil {
		return err
	}
	port := first.Port()
	if port == "" {
		port = "443"
	}
	address := net.JoinHostPort(first.Hostname(), port)
	dial := quic.DialAddr
	if client.testcase == "zerortt" {
		dial = dialEarly
	}
	connection, err := dial(context.Background(), address, client.tls, configuration(client.testcase))
	if err != nil {
		return err
	}
	defer connection.CloseWithError(0, "")
	suite := connection.ConnectionState().TLS.CipherSuite
	if client.testcase == "chacha20" && suite != tls.TLS_CHACHA20_POLY1305_SHA256 {
		return fmt.Errorf("the suite is %s: crypto/tls no longer heeds its list", tls.CipherSuiteName(suite))
	}

	results := make(chan error, len(requests))
	for _, request := range requests {
		go func() { results <- save(connection, request) }()
	}
	for range requests {
		if err := <-results; err != nil {
			return err
		}
	}
	if state := connection.ConnectionState(); resumes {
		fmt.Println("resumed:", state.TLS.DidResume, "0-RTT:", state.Used0RTT)
		if !state.TLS.DidResume || client.testcase == "zerortt" && !state.Used0RTT {
			return errors.New("the second connection did not use the first one's ticket")
		}
	}
	if until != nil {
		select {
		case <-until:
		case <-time.After(10 * time.Second):
			return errors.New("no session ticket came")
		}
	}
	return nil
}

// dialEarly returns before the handshake is complete, if a ticket allows 0-RTT.
func dialEarly(
	ctx context.Context, address string, tls *tls.Config, config *quic.Config,
) (quic.Connection, error) {
	return quic.DialAddrEarly(ctx, address, tls, config)
}

// save fetches one file into DOWNLOADS, under the last part of its name.
func save(connection quic.Connection, request string) error {
	location, err := url.Parse(request)
	if err != nil {
		return err
	}
	stream, err := connection.OpenStreamSync(context.Background())
	if err != nil {
		return err
	}
	if _, err := stream.Write([]byte("GET " + location.Path + "\r\n")); err != nil {
		return err
	}
	if err := stream.Close(); err != nil {
		return err
	}
	file, err := os.Create(filepath.Join(environment("DOWNLOADS", "/downloads"), path.Base(location.Path)))
	if err != nil {
		return err
	}
	if _, err := io.Copy(file, stream); err != nil {
		file.Close()
		return fmt.Errorf("%s: %w", request, err)
	}
	return file.Close()
}

// ticketCache says when the server's session ticket has come.
type ticketCache struct {
	tls.ClientSessionCache
	stored chan struct{}
}

func (cache *ticketCache) Put(key string, state *tls.ClientSessionState) {
	cache.ClientSessionCache.Put(key, state)
	if state == nil {
		return
	}
	select {
	case cache.stored <- struct{}{}:
	default:
	}
}
