package main

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/siam-go/siam/stats"
)

// print writes result as one JSON object, or text for people.
func (a *app) print(result any, text string) error {
	if a.json {
		encoded, err := json.Marshal(result)
		if err != nil {
			return fmt.Errorf("writing the result as JSON: %w", err)
		}
		text = string(a.withSkipped(encoded)) + "\n"
	}
	_, err := io.WriteString(a.stdout, text)
	return err
}

// withSkipped adds to a JSON object what of a folder was not used.
func (a *app) withSkipped(object []byte) []byte {
	if a.skipped == nil {
		return object
	}
	list, err := json.Marshal(a.skipped)
	if err != nil {
		panic(err) // two texts each
	}
	return fmt.Appendf(object[:len(object)-1:len(object)-1], `,"skipped":%s}`, list)
}

// say tells on stderr what is being done.
func (a *app) say(format string, args ...any) {
	if !a.quiet {
		fmt.Fprintf(a.stderr, format+"\n", args...)
	}
}

// percent writes a proportion for people: 92.00 % (95 % interval 91.10 to 92.80, n = 4000 pairs).
func percent(p stats.Proportion) string {
	of := p.Of
	if of != "" {
		of = " " + of
	}
	return fmt.Sprintf("%.2f %% (95 %% interval %.2f to %.2f, n = %d%s)", 100*p.Value, 100*p.CI95[0], 100*p.CI95[1], p.N, of)
}

// withInterval writes a number for people: 0.920 (0.911 to 0.928).
func withInterval(e stats.Estimate) string {
	return fmt.Sprintf("%.3f (%.3f to %.3f)", e.Value, e.CI95[0], e.CI95[1])
}
