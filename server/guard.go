package server

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"golang.org/x/time/rate"
)

// policy is who may ask for something, and what asking takes.
type policy struct {
	roles []Role // none: whoever has a key
	open  bool   // no key is needed
	all   bool   // the key must be for all galleries
	work  bool   // it takes a place in the queue
	form  bool   // it comes as a form with files
	most  int64  // bytes of its body; those of the server's options where it is 0
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
	op.Responses = map[string]*huma.Response{"default": s.problem()}
	op.MaxBodyBytes = s.MaxBytes
	op.BodyReadTimeout = -1 // it is read before
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
		release, err := s.takeIn(w, r, p)
		if err != nil {
			refusal(err, s.Log, ctx.Operation().OperationID).write(w)
			return
		}
		defer release()
		if err := knownFields(r, ctx.Operation()); err != nil {
			refusal(err, s.Log, ctx.Operation().OperationID).write(w)
			return
		}
		next(ctx)
	}
}

// knownFields refuses a form with a field that its operation does not know: a name that is misspelt would go unnoticed.
func knownFields(r *http.Request, op *huma.Operation) error {
	if r.MultipartForm == nil || op.RequestBody == nil {
		return nil
	}
	schema := op.RequestBody.Content["multipart/form-data"].Schema
	for _, name := range slices.Concat(slices.Collect(maps.Keys(r.MultipartForm.Value)), slices.Collect(maps.Keys(r.MultipartForm.File))) {
		if schema.Properties[name] == nil {
			return refuse(http.StatusUnprocessableEntity, "the form has a field %q: want %s", name, strings.Join(slices.Sorted(maps.Keys(schema.Properties)), ", "))
		}
	}
	return nil
}

// notThere says why an address has no answer: there is none for the method, which the answer's header then names, or none at all.
func notThere(w http.ResponseWriter, r *http.Request, mux *http.ServeMux) *refused {
	var methods []string
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodDelete} {
		other := r.Clone(r.Context())
		other.Method = method
		if _, pattern := mux.Handler(other); pattern != "/" {
			methods = append(methods, method)
		}
	}
	if len(methods) == 0 {
		return refuse(http.StatusNotFound, "there is nothing at this address: /openapi.json lists what there is")
	}
	w.Header().Set("Allow", strings.Join(methods, ", "))
	return refuse(http.StatusMethodNotAllowed, "%s is not for this address: want %s", r.Method, strings.Join(methods, " or "))
}

// admit finds out who asks, whether it is allowed, and whether it is not too often.
func (s *Server) admit(r *http.Request, p policy) (Key, error) {
	key, err := s.holder(r)
	if err != nil {
		return Key{}, err
	}
	if len(p.roles) > 0 && !key.May(p.roles...) {
		return Key{}, refuse(http.StatusForbidden, "key %q has not the role for this: want one of %v", key.Name, p.roles)
	}
	if name := r.PathValue("gallery"); name != "" && !key.Sees(name) {
		return Key{}, refuse(http.StatusForbidden, "key %q is not for gallery %q", key.Name, name)
	}
	if p.all && len(key.Galleries) > 0 {
		return Key{}, refuse(http.StatusForbidden, "key %q is for some galleries, and this may tell of all", key.Name)
	}
	if !s.limiter(key).Allow() {
		return Key{}, &refused{http.StatusTooManyRequests, fmt.Sprintf("key %q asks more than %v times a second: wait", key.Name, s.Rate), 1}
	}
	return key, nil
}

// holder is the key that a request comes with.
func (s *Server) holder(r *http.Request) (Key, error) {
	secret, err := secretOf(r)
	if err != nil {
		return Key{}, err
	}
	key, err := s.Keys.Find(secret)
	if errors.Is(err, ErrNoKey) {
		return Key{}, refuse(http.StatusUnauthorized, "%s", err)
	}
	return key, err
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

// shell is around everything: what must hold for every answer.
func (s *Server) shell(inner http.Handler) http.Handler {
	protected := http.NewCrossOriginProtection()
	protected.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		refuse(http.StatusForbidden, "this request comes from another site's page").write(w)
	}))
	inner = s.metrics.watch(protected.Handler(inner))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(self), microphone=(), geolocation=()")
		h.Set("Cache-Control", "no-store")
		if len(r.TransferEncoding) > 0 { // it may have a length too, which a proxy may have gone by: what follows is not taken for a request
			h.Set("Connection", "close")
		}
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
