package server

import (
	"context"
	"embed"
	"errors"
	"io/fs"
	"net/http"
	"strings"
	"time"

	"github.com/siam-go/siam/api"
	"github.com/siam-go/siam/report"
)

//go:embed page
var pageFiles embed.FS

// pageRoutes serve the page, and the session of whoever uses it: its key lies in a cookie that scripts cannot read.
func (s *Server) pageRoutes(mux *http.ServeMux) {
	files, err := fs.Sub(pageFiles, "page")
	if err != nil {
		panic(err) // it is built in
	}
	mux.Handle("GET /{$}", http.FileServerFS(files))
	mux.HandleFunc("GET /page/group.js", func(w http.ResponseWriter, r *http.Request) { // the same as that of the pages of siam coseg
		http.ServeContent(w, r, "group.js", time.Time{}, strings.NewReader(report.GroupScript()))
	})
	mux.Handle("GET /page/", http.StripPrefix("/page/", http.FileServerFS(files)))
	handle(s, post("session-begin", "/v1/session", "keep a key in a cookie, for the page"), policy{open: true, most: 4 << 10}, s.beginSession)
	handle(s, get("session", "/v1/session", "what the key in the cookie may do; nothing without one"), policy{open: true}, s.session)
	handle(s, operation("session-end", http.MethodDelete, "/v1/session", "forget the key"), policy{open: true, most: 4 << 10}, s.endSession)
}

type sessionInput struct {
	Body api.Login
}

// sessionAnswer is what a key may do, with a cookie.
type sessionAnswer struct {
	Cookie http.Cookie `header:"Set-Cookie"`
	Body   api.Session
}

func (s *Server) beginSession(_ context.Context, in *sessionInput) (*sessionAnswer, error) {
	key, err := s.Keys.Find(in.Body.Key)
	if errors.Is(err, ErrNoKey) {
		return nil, refuse(http.StatusUnauthorized, "%s", err)
	}
	if err != nil {
		return nil, err
	}
	return &sessionAnswer{s.cookie(in.Body.Key, int(12*time.Hour/time.Second)), sessionOf(key)}, nil
}

type cookieInput struct {
	Cookie http.Cookie `cookie:"siam_key"`
}

func (s *Server) session(_ context.Context, in *cookieInput) (*answer[api.Session], error) {
	key, err := s.Keys.Find(in.Cookie.Value)
	if err != nil && !errors.Is(err, ErrNoKey) {
		return nil, err
	}
	return &answer[api.Session]{sessionOf(key)}, nil
}

func (s *Server) endSession(context.Context, *struct{}) (*sessionAnswer, error) {
	return &sessionAnswer{s.cookie("", -1), sessionOf(Key{})}, nil
}

func (s *Server) cookie(secret string, seconds int) http.Cookie {
	return http.Cookie{Name: cookieName, Value: secret, Path: "/", MaxAge: seconds, HttpOnly: true, Secure: s.Secure, SameSite: http.SameSiteStrictMode}
}

func sessionOf(key Key) api.Session {
	out := api.Session{Name: key.Name, Roles: []string{}, Galleries: key.Galleries}
	for _, r := range Roles() {
		if key.May(r) {
			out.Roles = append(out.Roles, string(r))
		}
	}
	return out
}
