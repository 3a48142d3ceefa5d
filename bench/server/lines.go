//go:build linux

package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/siam-go/siam/client"
)

// lines are connections to a server that stay open: who asks takes one that nobody uses. Requests are bytes that were made before, so
// that asking takes little of the processor that the server needs.
type lines struct {
	address string
	mu      sync.Mutex
	idle    []*line
}

type line struct {
	net.Conn
	answers *bufio.Reader
}

func (l *lines) take() (*line, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if n := len(l.idle); n > 0 {
		taken := l.idle[n-1]
		l.idle = l.idle[:n-1]
		return taken, nil
	}
	conn, err := net.DialTimeout("tcp", l.address, time.Minute)
	if err != nil {
		return nil, err
	}
	return &line{conn, bufio.NewReader(conn)}, nil
}

// ask sends a request and reads its answer.
func (l *lines) ask(request []byte) error {
	on, err := l.take()
	if err != nil {
		return err
	}
	_ = on.SetDeadline(time.Now().Add(time.Minute))
	if _, err := on.Write(request); err != nil {
		on.Close()
		return err
	}
	answer, err := http.ReadResponse(on.answers, nil)
	if err == nil {
		_, err = io.Copy(io.Discard, answer.Body)
	}
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("answered %s", answer.Status)
	}
	if err != nil {
		on.Close()
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.idle = append(l.idle, on)
	return nil
}

// request is one that asks who is on an image, as it goes over the wire.
func request(secret string, image client.Image) ([]byte, error) {
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	part, err := w.CreateFormFile("image", image.Name)
	if err != nil {
		return nil, err
	}
	_, _ = part.Write(image.Data) // into memory, as all here
	_ = w.Close()
	var all bytes.Buffer
	fmt.Fprintf(&all, "POST /v1/galleries/main/identify HTTP/1.1\r\nHost: siam\r\nAuthorization: Bearer %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n",
		secret, w.FormDataContentType(), form.Len())
	all.Write(form.Bytes())
	return all.Bytes(), nil
}
