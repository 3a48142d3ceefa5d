package main

import (
	"context"
	"fmt"

	"github.com/siam-go/siam/eval"
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
	return a.withLabelled(ctx, f.labelledFlags, func(judged judgedSet) error {
		near, err := framesWithin(judged.set, f.framesApart)
		if err != nil {
			return err
		}
		result, err := judged.retrieve(a.seed, near)
		if err != nil {
			return err
		}
		if f.report != "" {
			if err := a.reportRetrieval(f, judged, result); err != nil {
				return err
			}
		}
		return a.print(result, retrievalText(result))
	})
}

func (a *app) reportRetrieval(f retrievalFlags, judged judgedSet, r eval.Retrieval) error {
	page := report.New("Retrieval")
	page.Subtitle = fmt.Sprintf("Model %s on %s, commit %s", f.model, f.data, thisBuild().Commit)
	page.Add(report.Section{
		Title: "What it finds",
		Text:  fmt.Sprintf("Each of %d images in turn asks for the others of its class. The bars are 95 %% confidence intervals.", r.Queries),
		Parts: []report.Part{retrievalNumbers(r)},
	})
	if err := judge.AddHardest(page, judged.model, judged.set, judged.embeddings); err != nil {
		return err
	}
	return page.WriteFile(f.report)
}

func retrievalNumbers(r eval.Retrieval) report.Numbers {
	number := func(label, note string, e stats.Estimate) report.Number {
		return report.Accuracy(label, stats.Proportion(e), note)
	}
	return report.Numbers{
		number("Precision at 1", "the nearest image is of the same class", r.PrecisionAt1),
		number("R-precision", "of as many nearest images as the class has", r.RPrecision),
		number("MAP@R", "the same, with the order counted", r.MAPAtR),
	}
}

func retrievalText(r eval.Retrieval) string {
	return fmt.Sprintf("precision at 1  %.2f %%\nR-precision     %.2f %%\nMAP@R           %.2f %%\nMRR             %.2f %%\nqueries         %d\n",
		100*r.PrecisionAt1.Value, 100*r.RPrecision.Value, 100*r.MAPAtR.Value, 100*r.MRR.Value, r.Queries)
}
