package main

import (
	"fmt"

	"github.com/siam-go/siam"
	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/stats"
	"github.com/spf13/cobra"
)

func (a *app) evalCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "eval", Short: "measure a model on data that it was not trained on"}
	cmd.AddCommand(a.evalOneshotCommand(), a.evalVerifyCommand(), a.evalRetrievalCommand(), a.evalCompareCommand())
	return cmd
}

// openData opens the folder or archive that --data names.
func openData(name string) (dataset.Folder, error) {
	if name == "" {
		return dataset.Folder{}, usagef("--data is missing: name a folder or an archive of images")
	}
	return dataset.OpenFolder(name)
}

// warnOfLearned says how many of the judged classes the model was made from: figures on them flatter it.
func (a *app) warnOfLearned(model *siam.Model, names []string) {
	learned := 0
	for _, name := range names {
		if model.File().Provenance.Learned.Has(name) {
			learned++
		}
	}
	if learned > 0 {
		a.say("note: the model was made from %d of the %d classes that judge it here, so these figures flatter it", learned, len(names))
	}
}

func addDataFlag(cmd *cobra.Command, name *string) {
	cmd.Flags().StringVarP(name, "data", "d", "", "`folder` or archive of images")
}

// percent writes a proportion for people: 92.0 % (91.1 to 92.8, n = 4000).
func percent(p stats.Proportion) string {
	return fmt.Sprintf("%.2f %% (95 %% interval %.2f to %.2f, n = %d)", 100*p.Value, 100*p.CI95[0], 100*p.CI95[1], p.N)
}
