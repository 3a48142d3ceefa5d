package judge

import (
	"fmt"

	"github.com/siam-go/siam/eval"
	"github.com/siam-go/siam/report"
	"github.com/siam-go/siam/stats"
)

// AddRetrieval writes what retrieval reached into a report.
func AddRetrieval(page *report.Report, r eval.Retrieval) {
	number := func(label, note string, e stats.Estimate) report.Number {
		return report.Accuracy(label, stats.Proportion(e), note)
	}
	page.Add(report.Section{
		Title: "What it finds",
		Text:  fmt.Sprintf("Each of %d images in turn asks for the others of its class. The bars are 95 %% confidence intervals.", r.Queries),
		Parts: []report.Part{report.Numbers{
			number("Precision at 1", "the nearest image is of the same class", r.PrecisionAt1),
			number("R-precision", "of as many nearest images as the class has", r.RPrecision),
			number("MAP@R", "the same, with the order counted", r.MAPAtR),
		}},
	})
}
