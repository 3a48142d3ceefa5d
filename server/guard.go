package server

import (
	"context"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"runtime/debug"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"golang.org/x/time/rate"
)

// policy is who may ask for something, and what asking takes.
type policy struct {
	roles []Role // none: whoever has a key
	open  bool   // no key is needed
	work  bool   // it takes a place in the queue
	form  bool   // it comes as a form with files
}

// asking is the place of the key in a request's context.
type asking struct{}

func keyOf(ctx context.Context) Key {
	key, _ := ctx.Value(asking{}).(Key)
	return key
}

// askerOf is the name for the audit log.
func askerOf(ctx context.Context) string { return keyOf(ctx).Name }

// handle adds an operation: who may ask for it is found out before its body is read.
func handle[In, Out any](s *Server, op huma.Operation, p policy, answer func(context.Context, *In) (*Out, error)) {
	if !p.open {
		op.Security = []map[string][]string{{"key": {}}}
		op.Errors = append(op.Errors, http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests)
	}
	if p.work {
		op.Errors = append(op.Errors, http.StatusServiceUnavailable, http.StatusRequestEntityTooLarge)
	}
	op.MaxBodyBytes = s.MaxBytes
	op.Middlewares = append(op.Middlewares, s.guard(p))
	huma.Register(s.api, op, func(ctx context.Context, in *In) (*Out, error) {
		out, err := answer(ctx, in)
		if err != nil {
			return nil, refusal(err, s.Log, op.OperationID).problem()
		}
		return out, nil
	})
}

// guard lets through what a policy allows.
func (s *Server) guard(p policy) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		r, w := humago.Unwrap(ctx)
		if !p.open {
			key, err := s.admit(r, p)
			if err != nil {
				refusal(err, s.Log, ctx.Operation().OperationID).write(w)
				return
			}
			ctx = huma.WithValue(ctx, asking{}, key)
		}
		if !p.work {
			r.Body = http.MaxBytesReader(w, r.Body, s.MaxBytes)
			next(ctx)
			return
		}
		release, err := s.takeIn(w, r, p.form)
		if err != nil {
			refusal(err, s.Log, ctx.Operation().OperationID).write(w)
			return
		}
		defer release()
		next(ctx)
	}
}

// admit finds out who asks, whether it is allowed, and whether it is not too often.
func (s *Server) admit(r *http.Request, p policy) (Key, error) {
	secret, err := secretOf(r)
	if err != nil {
		return Key{}, err
	}
	key, err := s.Keys.Find(secret)
	if errors.Is(err, ErrNoKey) {
		return Key{}, refuse(http.StatusUnauthorized, "%s", err)
	}
	if err != nil {
		return Key{}, err
	}
	if len(p.roles) > 0 && !key.May(p.roles...) {
		return Key{}, refuse(http.StatusForbidden, "key %q has not the role for this: want one of %v", key.Name, p.roles)
	}
	if name := r.PathValue("gallery"); name != "" && !key.Sees(name) {
		return Key{}, refuse(http.StatusForbidden, "key %q is not for gallery %q", key.Name, name)
	}
	if !s.limiter(key).Allow() {
		return Key{}, &refused{http.StatusTooManyRequests, fmt.Sprintf("key %q asks more than %v times a second: wait", key.Name, s.Rate), 1}
	}
	return key, nil
}

// cookieName holds the secret of whoever uses the page.
const cookieName = "siam_key"

func secretOf(r *http.Request) (string, error) {
	if header := r.Header.Get("Authorization"); header != "" {
		scheme, secret, _ := strings.Cut(header, " ")
		if !strings.EqualFold(scheme, "Bearer") {
			return "", refuse(http.StatusUnauthorized, "authorization %q is not known: want Bearer and a key", scheme)
		}
		return strings.TrimSpace(secret), nil
	}
	if cookie, err := r.Cookie(cookieName); err == nil {
		return cookie.Value, nil
	}
	return "", refuse(http.StatusUnauthorized, "no key: send the header Authorization: Bearer KEY, with a key that siam serve key add made")
}

func (s *Server) limiter(key Key) *rate.Limiter {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.limits[key.ID]
	if l == nil {
		l = rate.NewLimiter(rate.Limit(s.Rate), s.Burst)
		s.limits[key.ID] = l
	}
	return l
}

// takeIn reads the body of a request into memory, of which there is so much for all, and takes a place in the queue. What is returned
// gives both back.
func (s *Server) takeIn(w http.ResponseWriter, r *http.Request, form bool) (release func(), err error) {
	size := r.ContentLength
	if size > s.MaxBytes {
		return nil, s.tooLarge()
	}
	if size < 0 {
		size = s.MaxBytes
	}
	if !s.bodies.TryAcquire(size) {
		s.metrics.refused.Inc()
		return nil, busy("too many requests are being read: try again")
	}
	r.Body = http.MaxBytesReader(w, r.Body, s.MaxBytes)
	if form {
		if err := s.readForm(r); err != nil {
			s.bodies.Release(size)
			return nil, err
		}
	}
	select {
	case s.slots <- struct{}{}:
	default:
		s.bodies.Release(size)
		s.metrics.refused.Inc()
		return nil, busy("the queue is full: try again")
	}
	s.metrics.waiting.Inc()
	return func() {
		s.metrics.waiting.Dec()
		<-s.slots
		s.bodies.Release(size)
	}, nil
}

// readForm reads a form with files.
func (s *Server) readForm(r *http.Request) error {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/form-data" {
		return refuse(http.StatusUnsupportedMediaType, "the body is %q: want multipart/form-data, as curl -F sends it", r.Header.Get("Content-Type"))
	}
	err = r.ParseMultipartForm(s.MaxBytes) // which is as much as there may be: nothing goes to the disk
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return s.tooLarge()
	}
	if err != nil {
		return refuse(http.StatusBadRequest, "the form cannot be read: %s", err)
	}
	return nil
}

func (s *Server) tooLarge() error {
	return refuse(http.StatusRequestEntityTooLarge, "the request is larger than %d bytes: send smaller or fewer images", s.MaxBytes)
}

// shell is around everything: what must hold for every answer.
func (s *Server) shell(inner http.Handler) http.Handler {
	protected := http.NewCrossOriginProtection()
	protected.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		refuse(http.StatusForbidden, "this request comes from another site's page").write(w)
	}))
	inner = s.metrics.watch(protected.Handler(inner))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(self), microphone=(), geolocation=()")
		h.Set("Cache-Control", "no-store")
		ctx, cancel := context.WithTimeout(r.Context(), s.Timeout)
		defer cancel()
		defer func() {
			if p := recover(); p != nil {
				s.Log.Error("panic", "address", r.URL.Path, "what", p, "stack", string(debug.Stack()))
				refuse(http.StatusInternalServerError, "the server failed; its log says why").write(w)
			}
		}()
		inner.ServeHTTP(w, r.WithContext(ctx))
	})
}
