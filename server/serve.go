package server

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"sync"
	"time"
)

// stopTime is how long requests that are being answered may take once the server is to stop.
const stopTime = 10 * time.Second

// Serve answers connections until ctx ends, and then those requests that it has begun to answer. certificate makes it speak TLS; nil
// does not.
func (s *Server) Serve(ctx context.Context, at net.Listener, certificate *tls.Certificate) error {
	h := &http.Server{
		Handler: s, ErrorLog: slog.NewLogLogger(s.Log.Handler(), slog.LevelDebug), MaxHeaderBytes: 16 << 10,
		ReadHeaderTimeout: min(5*time.Second, s.Timeout), ReadTimeout: s.Timeout, WriteTimeout: 2*s.Timeout + 5*time.Second, IdleTimeout: time.Minute,
	}
	if certificate != nil {
		at = tls.NewListener(at, &tls.Config{Certificates: []tls.Certificate{*certificate}, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}})
	}
	ended := make(chan error, 1)
	go func() { ended <- h.Serve(at) }()
	var warming sync.WaitGroup
	defer warming.Wait()
	warm, cancelWarm := context.WithCancel(ctx)
	defer cancelWarm()
	warming.Go(func() { s.warm(warm) })
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	if !s.stopping.Swap(true) {
		close(s.stop)
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
	defer cancel()
	err := h.Shutdown(grace)
	if errors.Is(err, context.DeadlineExceeded) {
		err = h.Close()
	}
	return err
}

// warm readies the models for batches of every size, so that no request waits for that.
func (s *Server) warm(ctx context.Context) {
	for _, m := range s.Models {
		if err := m.Warm(ctx); err != nil && ctx.Err() == nil {
			s.Log.Warn("a model was not made ready for all sizes of batches", "model", m.File().Hash, "error", err)
		}
	}
}

// SelfSigned makes a certificate for localhost and the addresses of this machine, valid for a year. Browsers warn of it once.
func SelfSigned(hosts ...string) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "siam"}, NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(1, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, BasicConstraintsValid: true,
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	for _, host := range hosts {
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else if host != "" {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}
