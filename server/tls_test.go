package server_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/siam-go/siam/server"
)

// By TLS the page's cookie goes by that only, whoever speaks plain HTTP is refused, and old versions of TLS are.
func TestTheServerSpeaksTLS(t *testing.T) {
	d := newDesk(t, server.Options{Secure: true})
	certificate, err := server.SelfSigned("gate.example", "")
	check(t, err)
	at, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- d.server.Serve(ctx, at, certificate) }()
	t.Cleanup(func() { stop(); check(t, <-ended) })
	leaf, err := x509.ParseCertificate(certificate.Certificate[0])
	check(t, err)
	for _, host := range []string{"gate.example", "localhost", "127.0.0.1", "::1"} {
		check(t, leaf.VerifyHostname(host))
	}
	known := x509.NewCertPool()
	known.AddCert(leaf)
	browser := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: known}}}
	r, err := browser.Post("https://"+at.Addr().String()+"/v1/session", "application/json", strings.NewReader(`{"key": "`+d.key+`"}`))
	check(t, err)
	r.Body.Close()
	if c := r.Cookies(); r.StatusCode != http.StatusOK || len(c) != 1 || !c[0].Secure || !c[0].HttpOnly {
		t.Errorf("session: %s, cookies %+v, want one for TLS only", r.Status, c)
	}
	c := dial(t, at.Addr().String(), "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	if said, err := io.ReadAll(c); err != nil || !bytes.HasPrefix(said, []byte("HTTP/1.0 400")) {
		t.Errorf("plain HTTP is answered %q, %v", said, err)
	}
	old := &tls.Config{RootCAs: known, ServerName: "localhost", MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
	if c, err := tls.Dial("tcp", at.Addr().String(), old); err == nil {
		c.Close()
		t.Error("TLS 1.1 is spoken")
	}
}
