package main

import (
	"context"
	"fmt"

	"github.com/siam-go/siam/eval"
	"github.com/siam-go/siam/judge"
	"github.com/siam-go/siam/report"
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
	return a.withLabelled(ctx, f.labelledFlags, func(labelled *judge.Labelled) error {
		near, err := judge.Within(labelled.Set, f.framesApart)
		if err != nil {
			return fmt.Errorf("--frames-apart: %w", err)
		}
		result, err := labelled.Retrieve(a.seed, near)
		if err != nil {
			return err
		}
		if f.report != "" {
			if err := reportRetrieval(f, labelled, result); err != nil {
				return err
			}
		}
		return a.print(result, retrievalText(result))
	})
}

func reportRetrieval(f retrievalFlags, labelled *judge.Labelled, r eval.Retrieval) error {
	page := report.New("Retrieval")
	page.Subtitle = fmt.Sprintf("Model %s on %s, commit %s", f.model, f.data, thisBuild().Commit)
	judge.AddRetrieval(page, r)
	if err := labelled.AddHardest(page); err != nil {
		return err
	}
	return page.WriteFile(f.report)
}

func retrievalText(r eval.Retrieval) string {
	return fmt.Sprintf("precision at 1  %.2f %%\nR-precision     %.2f %%\nMAP@R           %.2f %%\nMRR             %.2f %%\nqueries         %d\n",
		100*r.PrecisionAt1.Value, 100*r.RPrecision.Value, 100*r.MAPAtR.Value, 100*r.MRR.Value, r.Queries)
}
