package server

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/siam-go/siam/api"
	"github.com/siam-go/siam/gallery"
)

// remembered is how many verdicts somebody whose connection was cut can still hear afterwards.
const remembered = 256

// verdicts are the last ones of a server.
type verdicts struct {
	mu   sync.Mutex
	last []api.Judged // in order
	n    int64
	news chan struct{} // closed at the next
}

// tell tells a verdict to the metrics and to those who listen.
func (s *Server) tell(ctx context.Context, r gallery.Verdict) {
	s.metrics.judged(r.Outcome)
	v := &s.verdicts
	v.mu.Lock()
	defer v.mu.Unlock()
	v.n++
	v.last = append(v.last, api.Judged{Number: v.n, Time: time.Now().UTC(), Gallery: r.Gallery, Who: askerOf(ctx), Result: r})
	v.last = v.last[max(len(v.last)-remembered, 0):]
	close(v.news)
	v.news = make(chan struct{})
}

// after are those after a number, and a channel that is closed when there are more. A number that is not one yet, of a server that was
// started anew, is before all.
func (v *verdicts) after(number int64) ([]api.Judged, <-chan struct{}) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if number > v.n {
		number = 0
	}
	at := max(len(v.last)-int(v.n-number), 0)
	return append([]api.Judged{}, v.last[at:]...), v.news
}

// listen tells verdicts of a gallery as server-sent events, for as long as a request may last; browsers ask again by themselves, and
// then say the number of the last event that they heard.
func (s *Server) listen(w http.ResponseWriter, r *http.Request) {
	if _, err := s.admit(r, policy{roles: []Role{RoleReview, RoleIdentify}}); err != nil {
		refusal(err, s.Log, "listen").write(w)
		return
	}
	select {
	case s.listeners <- struct{}{}:
		defer func() { <-s.listeners }()
	default:
		busy("too many listen already: try again").write(w)
		return
	}
	heard, err := strconv.ParseInt(r.Header.Get("Last-Event-ID"), 10, 64)
	if err != nil {
		heard = s.verdicts.told()
	}
	w.Header().Set("Content-Type", "text/event-stream")
	s.stream(r, w, heard)
}

// told is how many there were.
func (v *verdicts) told() int64 {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.n
}

// stream writes what comes after a number until the request ends, the server stops, the key is revoked, or nobody hears it any more.
func (s *Server) stream(r *http.Request, w http.ResponseWriter, heard int64) {
	flusher, name := http.NewResponseController(w), r.PathValue("gallery")
	_, err := fmt.Fprintf(w, "retry: 1000\nid: %d\n\n", heard) // from which to go on where nothing is told meanwhile
	for err == nil && flusher.Flush() == nil {
		all, news := s.verdicts.after(heard)
		if _, err := s.holder(r); err != nil {
			return
		}
		for _, j := range all {
			heard = j.Number
			if j.Gallery == name && err == nil {
				text, _ := json.Marshal(j) // numbers and texts
				_, err = fmt.Fprintf(w, "id: %d\nevent: verdict\ndata: %s\n\n", j.Number, text)
			}
		}
		if flusher.Flush() != nil {
			return
		}
		select {
		case <-news:
		case <-r.Context().Done():
			return
		case <-s.stop:
			return
		}
	}
}
