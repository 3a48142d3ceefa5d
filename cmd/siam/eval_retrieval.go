package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/siam-go/siam/eval"
	"github.com/siam-go/siam/internal/parallel"
	"github.com/siam-go/siam/judge"
	"github.com/siam-go/siam/report"
	"github.com/siam-go/siam/stats"
	"github.com/spf13/cobra"
)

// retrievalFlags are the flags of siam eval retrieval.
type retrievalFlags struct {
	labelledFlags
	report      string
	framesApart int
}

func (a *app) evalRetrievalCommand() *cobra.Command {
	var f retrievalFlags
	cmd := &cobra.Command{
		Use:   "retrieval --model M --data DIR",
		Short: "every image as a query among the others: precision at 1, R-precision, MAP@R, MRR, recall at k",
		RunE:  func(cmd *cobra.Command, _ []string) error { return a.evalRetrieval(cmd.Context(), f) },
	}
	f.add(cmd)
	cmd.Flags().StringVar(&f.report, "report", "", "HTML `file` to write with the figures and the pictures of the hardest pairs")
	cmd.Flags().IntVar(&f.framesApart, "frames-apart", 0, "images of one class fewer than `N` frames apart do not count; the last number in a file's name is its frame")
	return cmd
}

func (a *app) evalRetrieval(ctx context.Context, f retrievalFlags) error {
	if err := checkOut(f.report); err != nil {
		return err
	}
	return a.withLabelled(ctx, f.labelledFlags, func(labelled *judge.Labelled, copies []judge.Copy) error {
		near, err := judge.Within(labelled.Set, f.framesApart)
		if err != nil {
			return fmt.Errorf("--frames-apart: %w", err)
		}
		found, err := parallel.UnlessEnded(ctx, func() (eval.Retrieval, error) { return labelled.Retrieve(near) })
		if err != nil {
			return err
		}
		result := judge.Retrieval{Retrieval: found, Copies: copies}
		if f.report != "" {
			if err := reportRetrieval(f, labelled, result); err != nil {
				return err
			}
		}
		return a.print(result, retrievalText(result))
	})
}

func reportRetrieval(f retrievalFlags, labelled *judge.Labelled, r judge.Retrieval) error {
	page := report.New("Retrieval")
	page.Subtitle = fmt.Sprintf("Model %s on %s, commit %s", f.model, f.data, thisBuild().Commit)
	judge.AddRetrieval(page, r)
	if err := labelled.AddHardest(page); err != nil {
		return err
	}
	return page.WriteFile(f.report)
}

func retrievalText(r judge.Retrieval) string {
	var b strings.Builder
	for _, row := range []struct {
		name string
		stats.Estimate
	}{{"precision at 1", r.PrecisionAt1}, {"R-precision", r.RPrecision}, {"MAP@R", r.MAPAtR}, {"MRR", r.MRR}} {
		fmt.Fprintf(&b, "%-15s %s\n", row.name, percent(stats.Proportion(row.Estimate)))
	}
	fmt.Fprintf(&b, "queries         %d of %d identities; intervals by %d %s\n", r.Queries, r.Identities, r.Units, r.Unit)
	return b.String()
}
