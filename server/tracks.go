package server

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/siam-go/siam/api"
)

// playerSuffix is how the names of pages end that siam track --report writes.
const playerSuffix = ".html"

// tracks lists the pages of tracked videos in the folder of models.
func (s *Server) tracks(context.Context, *struct{}) (*answer[api.Tracks], error) {
	out := api.Tracks{Tracks: []api.Track{}}
	if s.Folder == "" {
		return &answer[api.Tracks]{out}, nil
	}
	entries, err := os.ReadDir(s.Folder) // in the order of their names
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		info, err := e.Info()
		if err == nil && info.Mode().IsRegular() && strings.HasSuffix(e.Name(), playerSuffix) {
			out.Tracks = append(out.Tracks, api.Track{Name: strings.TrimSuffix(e.Name(), playerSuffix), File: e.Name(), Bytes: info.Size(), Updated: info.ModTime().UTC()})
		}
	}
	return &answer[api.Tracks]{out}, nil
}

// player answers one of them. It holds its scripts, which run in a sandbox: they reach neither this server with a key nor anything else.
func (s *Server) player(w http.ResponseWriter, r *http.Request) {
	file, err := s.playerFile(r)
	if err != nil {
		refusal(err, s.Log, "player").write(w)
		return
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		refusal(err, s.Log, "player").write(w)
		return
	}
	w.Header().Set("Content-Security-Policy", "sandbox allow-scripts allow-downloads; default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'")
	http.ServeContent(w, r, "page.html", info.ModTime(), file)
}

func (s *Server) playerFile(r *http.Request) (*os.File, error) {
	if _, err := s.admit(r, policy{roles: []Role{RoleAdmin}, all: true}); err != nil {
		return nil, err
	}
	list, err := s.tracks(r.Context(), nil)
	if err != nil {
		return nil, err
	}
	for _, t := range list.Body.Tracks { // a name that is listed is no path
		if t.File == r.PathValue("name") {
			return os.Open(filepath.Join(s.Folder, t.File))
		}
	}
	return nil, refuse(http.StatusNotFound, "there is no page of tracks %q: /v1/tracks lists those that there are", r.PathValue("name"))
}
