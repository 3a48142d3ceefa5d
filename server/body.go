package server

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"os"

	"golang.org/x/sync/semaphore"
)

// body reads the body of a request. What it has read counts as held, of what all requests may hold together, so that a client that
// sends slowly keeps no more from others than it has sent.
type body struct {
	io.ReadCloser
	all  *semaphore.Weighted
	held int64
}

var errCrowded = busy("too many requests are being read: try again")

func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if !b.all.TryAcquire(int64(n)) {
		return 0, errCrowded
	}
	b.held += int64(n)
	return n, err
}

// takeIn reads the body of a request into memory, and then takes a place in the queue if it is work. What is returned gives both back.
func (s *Server) takeIn(w http.ResponseWriter, r *http.Request, p policy) (release func(), err error) {
	held := func() {}
	if r.Method != http.MethodGet {
		if held, err = s.readBody(w, r, p); err != nil {
			return nil, err
		}
	}
	if !p.work {
		return held, nil
	}
	if err := s.queueUp(); err != nil {
		held()
		return nil, s.unreadable(err, 0)
	}
	return func() {
		s.metrics.waiting.Dec()
		<-s.slots
		held()
	}, nil
}

// readBody reads the body of a request into memory. What is returned gives that back.
func (s *Server) readBody(w http.ResponseWriter, r *http.Request, p policy) (release func(), err error) {
	most := p.most
	if most == 0 {
		most = s.MaxBytes
	}
	if r.ContentLength > most {
		return nil, tooLarge(most)
	}
	b := &body{http.MaxBytesReader(w, r.Body, most), s.bodies, 0}
	r.Body = b
	if p.form {
		err = readForm(r, most)
	} else {
		err = readText(r)
	}
	if err != nil {
		s.bodies.Release(b.held)
		return nil, s.unreadable(err, most)
	}
	return func() { s.bodies.Release(b.held) }, nil
}

// queueUp takes a place in the queue.
func (s *Server) queueUp() error {
	select {
	case s.slots <- struct{}{}:
		s.metrics.waiting.Inc()
		return nil
	default:
		return busy("the queue is full: try again")
	}
}

// readForm reads a form with files.
func readForm(r *http.Request, most int64) error {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/form-data" {
		return refuse(http.StatusUnsupportedMediaType, "the body is %q: want multipart/form-data, as curl -F sends it", r.Header.Get("Content-Type"))
	}
	return r.ParseMultipartForm(most) // which is as much as there may be: nothing goes to the disk
}

// readText reads a body that is decoded later.
func readText(r *http.Request) error {
	text, err := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(text))
	return err
}

// unreadable says why a request was not taken in.
func (s *Server) unreadable(err error, most int64) error {
	if r, ok := errors.AsType[*refused](err); ok {
		if r.status == http.StatusServiceUnavailable {
			s.metrics.refused.Inc()
		}
		return r
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return tooLarge(most)
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return refuse(http.StatusRequestTimeout, "the request did not arrive within %v: send it faster, or fewer images at once", s.Timeout)
	}
	return refuse(http.StatusBadRequest, "the body cannot be read: %s", err)
}

func tooLarge(most int64) error {
	return refuse(http.StatusRequestEntityTooLarge, "the request is larger than %d bytes: send smaller or fewer images", most)
}
