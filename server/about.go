package server

import (
	"context"
	"time"

	"github.com/siam-go/siam/api"
)

func (s *Server) aboutRoutes() {
	handle(s, get("health", "/healthz", "the server runs"), policy{open: true}, func(context.Context, *struct{}) (*answer[api.Health], error) {
		return &answer[api.Health]{api.Health{Status: "ok"}}, nil
	})
	handle(s, get("ready", "/readyz", "the server can answer: its store can be reached, and it is not stopping"), policy{open: true}, s.ready)
}

func (s *Server) ready(ctx context.Context, _ *struct{}) (*answer[api.Health], error) {
	if s.stopping.Load() {
		return nil, busy("the server is stopping")
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	if _, err := s.Store.Galleries(ctx); err != nil {
		s.Log.Error("ready", "error", err)
		return nil, busy("the store cannot be reached")
	}
	return &answer[api.Health]{api.Health{Status: "ok"}}, nil
}
