package main

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/siam-go/siam/api"
	"github.com/siam-go/siam/gallery"
	"github.com/spf13/cobra"
)

// auditFlags are those of siam gallery audit.
type auditFlags struct {
	galleryFlags
	log, show, drift, recall bool
	hash                     string
}

func (a *app) galleryAuditCommand() *cobra.Command {
	var f auditFlags
	cmd := &cobra.Command{
		Use:   "audit --db URL {--log | --drift | --recall}",
		Short: "is the audit log as it was written? does the calibration still fit? does the search find enough?",
		Long: `With --log, follows the chain of the audit log of a store, and fails at the first line that was altered, put in or left out. The
hash of the last line stands for all of it: note it elsewhere, and --hash finds out later whether the log still holds it. With --drift, says whether a gallery has
grown since its calibration, or sees other faces than that was learned from. With --recall, measures how many of the nearest an approximate
search finds, against an exact one, and fails where that is less than was stated.`,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.galleryAudit(cmd.Context(), f) },
	}
	f.add(cmd)
	flags := cmd.Flags()
	flags.BoolVar(&f.drift, "drift", false, "compare what a gallery is asked with its calibration")
	flags.BoolVar(&f.recall, "recall", false, "measure an approximate search against an exact one")
	flags.BoolVar(&f.log, "log", false, "verify the audit log")
	flags.BoolVar(&f.show, "show", false, "with --log, print its lines")
	flags.StringVar(&f.hash, "hash", "", "with --log, `hash` of a line that was noted earlier")
	return cmd
}

func (a *app) galleryAudit(ctx context.Context, f auditFlags) error {
	if one := (f.log != f.drift) != f.recall && !(f.log && f.drift); !one {
		return usagef("gallery audit: say what to audit: --log, --drift or --recall")
	}
	switch {
	case f.recall:
		return a.auditRecall(ctx, f)
	case f.drift:
		return f.withGallery(ctx, func(g *gallery.Gallery) error { return a.auditDrift(ctx, f.name, g) })
	}
	return f.withStore(ctx, func(store gallery.Store) error {
		var out api.Audited
		var b strings.Builder
		found := f.hash == ""
		last, err := gallery.VerifyLog(seen(store.Log(ctx, 1), func(l gallery.Line) {
			found = found || l.Hash == f.hash
			if f.show && a.json {
				out.Log = append(out.Log, l)
			} else if f.show {
				b.WriteString(logLine(l))
			}
		}))
		if err != nil {
			return err
		}
		if !found {
			return fmt.Errorf("audit log: no line has hash %s: the log was cut off, or replaced", f.hash)
		}
		out.Lines, out.Hash, out.Holds = last.Number, last.Hash, true
		fmt.Fprintf(&b, "the audit log holds: %d lines, the last with hash %s\n", last.Number, last.Hash)
		return a.print(out, b.String())
	})
}

// seen shows what passes by.
func seen(lines iter.Seq2[gallery.Line, error], show func(gallery.Line)) iter.Seq2[gallery.Line, error] {
	return func(yield func(gallery.Line, error) bool) {
		for l, err := range lines {
			if err == nil {
				show(l)
			}
			if !yield(l, err) {
				return
			}
		}
	}
}

func logLine(l gallery.Line) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d  %s  %s  %s in %q\n", l.Number, l.Time.Local().Format(time.DateTime), l.Who, l.Action, l.Gallery)
	for _, p := range l.Parts {
		body := string(p.Body)
		if p.Body == nil {
			body = "erased"
		}
		fmt.Fprintf(&b, "    %s\n", body)
	}
	return b.String()
}

func (a *app) auditDrift(ctx context.Context, name string, g *gallery.Gallery) error {
	d, err := g.Drift(ctx)
	if err != nil {
		return err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "gallery %q: calibrated with %d ids, has %d; of %d probes since, %.1f %% lie between the thresholds\n", name, d.Calibrated, d.IDs, d.Probes, 100*d.Between.Value)
	for _, w := range d.Warnings {
		fmt.Fprintf(&b, "warning: %s\n", w)
	}
	return a.print(d, b.String())
}

// auditRecall measures the approximate search of a gallery.
func (a *app) auditRecall(ctx context.Context, f auditFlags) error {
	return a.withSight(ctx, f.galleryFlags, modelFlags{}, func(s *seeing) error {
		r, err := s.AuditRecall(ctx)
		if err != nil {
			return err
		}
		if r == nil {
			return a.print(map[string]any{"exact": true}, fmt.Sprintf("gallery %q is searched exactly: nothing is missed\n", f.name))
		}
		if r.Value < r.Promised {
			return fmt.Errorf("gallery %q: %w: %.4f of the nearest, stated %.4f", f.name, gallery.ErrRecall, r.Value, r.Promised)
		}
		if r.Promised == 0 {
			return a.print(r, fmt.Sprintf("gallery %q: the store's search finds %.4f of the ten nearest (95 %% interval %.4f to %.4f, %d probes) of %d entries\n",
				f.name, r.Value, r.CI95[0], r.CI95[1], r.N, r.Vectors))
		}
		text := fmt.Sprintf("gallery %q: the search finds %.4f of the ten nearest (95 %% interval %.4f to %.4f, %d probes), stated %.4f; of %d entries %d cannot be reached\n",
			f.name, r.Value, r.CI95[0], r.CI95[1], r.N, r.Promised, r.Vectors, r.Unreachable)
		if r.Unkept != "" {
			text += fmt.Sprintf("warning: the graph cannot be kept, so that every program builds it anew: %s\n", r.Unkept)
		}
		return a.print(r, text)
	})
}
