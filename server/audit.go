package server

import (
	"context"
	"iter"
	"net/http"

	"github.com/siam-go/siam/api"
	"github.com/siam-go/siam/gallery"
)

type auditInput struct {
	From  int64 `query:"from" minimum:"1" default:"1" doc:"the first line to verify"`
	Limit int   `query:"limit" minimum:"1" maximum:"10000" default:"1000" doc:"how many lines to verify at most"`
	Show  bool  `query:"show" doc:"answer the lines as well, those of galleries in the key's scope"`
}

// audit verifies some lines of the log: all of it may be long.
func (s *Server) audit(ctx context.Context, in *auditInput) (*answer[api.AuditedPart], error) {
	next, stop := iter.Pull2(s.Store.Log(ctx, max(in.From-1, 1)))
	defer stop()
	out := api.AuditedPart{From: in.From}
	var before gallery.Line
	if in.From > 1 {
		line, err, there := next()
		if err != nil {
			return nil, err
		}
		if !there || line.Number != in.From-1 {
			return nil, refuse(http.StatusNotFound, "the audit log has no line %d", in.From)
		}
		before, out.Before = line, line.Hash
	}
	last, err := gallery.VerifyAfter(before, s.window(ctx, in, next, &out))
	if err != nil {
		return nil, err
	}
	_, err, out.More = next()
	out.Lines, out.Hash, out.Holds = last.Number, last.Hash, true
	return &answer[api.AuditedPart]{out}, err
}

// window is the lines that are asked for. Those that are to be shown become part of the answer as they pass.
func (s *Server) window(ctx context.Context, in *auditInput, next func() (gallery.Line, error, bool), out *api.AuditedPart) iter.Seq2[gallery.Line, error] {
	key := keyOf(ctx)
	return func(yield func(gallery.Line, error) bool) {
		for range in.Limit {
			line, err, there := next()
			if !there || !yield(line, err) {
				return
			}
			if in.Show && key.Sees(line.Gallery) {
				out.Log = append(out.Log, line)
			}
		}
	}
}
