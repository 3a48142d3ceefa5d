package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/siam-go/siam"
	"github.com/siam-go/siam/gallery"
)

// refused is an error whose reason the client is told.
type refused struct {
	status int
	detail string
	retry  int // seconds after which to try again; 0 says nothing about it
}

func (r *refused) Error() string { return r.detail }

func refuse(status int, format string, args ...any) *refused {
	return &refused{status: status, detail: fmt.Sprintf(format, args...)}
}

// busy says that there is too much to do just now.
func busy(detail string) *refused {
	return &refused{http.StatusServiceUnavailable, detail, 1}
}

// statuses are those of what galleries and models fail with.
var statuses = []struct {
	err    error
	status int
}{
	{gallery.ErrNotFound, http.StatusNotFound},
	{gallery.ErrExists, http.StatusConflict},
	{gallery.ErrConflict, http.StatusConflict},
	{gallery.ErrOtherModel, http.StatusConflict},
	{gallery.ErrBadID, http.StatusUnprocessableEntity},
	{gallery.ErrBadEmbedding, http.StatusUnprocessableEntity},
	{gallery.ErrTooFew, http.StatusUnprocessableEntity},
	{gallery.ErrFull, http.StatusInsufficientStorage},
	{siam.ErrNoThreshold, http.StatusConflict},
	{siam.ErrNoDetector, http.StatusConflict},
}

// refusal is what a client is told about an error. What it need not know is written to the log only.
func refusal(err error, log *slog.Logger, what string) *refused {
	if r, ok := errors.AsType[*refused](err); ok {
		return r
	}
	for _, known := range statuses {
		if errors.Is(err, known.err) {
			if known.status >= http.StatusInternalServerError {
				log.Error(what, "error", err)
			}
			return refuse(known.status, "%s", err)
		}
	}
	if errors.Is(err, context.Canceled) && !errors.Is(err, gallery.ErrUnreachable) { // whoever asked has gone, or is to ask again: no fault
		log.Debug(what, "error", err)
	} else {
		log.Error(what, "error", err)
	}
	switch {
	case errors.Is(err, gallery.ErrUnreachable):
		return busy("the store cannot be reached: try again")
	case errors.Is(err, siam.ErrClosed), errors.Is(err, context.Canceled):
		return busy("the server is stopping: try again")
	case errors.Is(err, context.DeadlineExceeded):
		return busy("it took too long: try again, or ask for less at once")
	}
	return refuse(http.StatusInternalServerError, "the server failed; its log says why")
}

// problem is a refusal as huma writes it.
func (r *refused) problem() error {
	err := huma.NewError(r.status, r.detail)
	if r.retry > 0 {
		return huma.ErrorWithHeaders(err, http.Header{"Retry-After": {strconv.Itoa(r.retry)}})
	}
	return err
}

// write answers with a refusal.
func (r *refused) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/problem+json")
	if r.retry > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(r.retry))
	}
	if r.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	w.WriteHeader(r.status)
	_ = json.NewEncoder(w).Encode(huma.NewError(r.status, r.detail)) // a client that has gone hears nothing
}

// inOneLine says all that is wrong with a request in the detail of its problem, without what the client sent: that may be long, or a key.
func inOneLine(_ huma.Context, _ string, answer any) (any, error) {
	p, is := answer.(*huma.ErrorModel)
	if !is {
		return answer, nil
	}
	said := *p
	said.Errors = nil
	for i, e := range p.Errors {
		said.Errors = append(said.Errors, &huma.ErrorDetail{Message: cut(e.Message), Location: cut(e.Location)})
		if i < 3 {
			said.Detail += ": " + said.Errors[i].Message
			if e.Location != "" {
				said.Detail += " (" + said.Errors[i].Location + ")"
			}
		}
	}
	return &said, nil
}

// cut is the beginning of a text that may be long.
func cut(text string) string {
	if len(text) <= 200 {
		return text
	}
	return strings.ToValidUTF8(text[:200], "") + "…"
}
