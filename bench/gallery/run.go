package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/siam-go/siam/bench"
)

func run(ctx context.Context, s settings) error {
	m, err := embedAll(ctx, s)
	if err != nil || s.embedOnly {
		return err
	}
	var b strings.Builder
	b.WriteString("| what | figure |\n|---|---|\n")
	say := func(what, format string, values ...any) {
		fmt.Fprintf(&b, "| %s | %s |\n", what, fmt.Sprintf(format, values...))
	}
	photos := byPerson(m.photos)
	if err := enrolments(ctx, s, m, say); err != nil {
		return err
	}
	for _, world := range []world{
		{"LFW photographs", photos, 150, 0.01, nil},
		{"LFWcrop", byPerson(m.crops), 300, 0.01, nil},
		{"generated", nil, 300, 0.001, fit(photos)},
	} {
		if err := world.splits(ctx, s, say); err != nil {
			return err
		}
	}
	fmt.Print(b.String())
	if s.results == "" {
		return nil
	}
	return bench.Rewrite(s.results, "bench-gallery", b.String())
}
