package page

import "github.com/waxseal/waxseal/cmd/waxseal/internal/audit/report"

// step is a way to check the report without trusting who made it.
type step struct {
	Title, Text, Command string
}

func steps(r *report.Report) []step {
	var out []step
	if again := r.Audit.Reperform; again != "" {
		out = append(out,
			step{"Judge the record again", "From the record on disk, without a network, this has to give the same report, byte for byte.", again},
			step{"Repeat the cryptography", "This verifies each signature again, from the bytes that were recorded.", again + " --verify"})
	}
	for _, i := range r.Images {
		if i.Sampled && i.Command != "" {
			out = append(out, step{"Do one row again", "Each row of the sample, and each control, has its own command. This is the first: it asks the registry, not the record.", i.Command})
			break
		}
	}
	return append(out,
		step{"Do without Waxseal", "Signatures are those of Cosign and Notary Project: their own tools, with the keys and identities of this report, have to say the same of the same digests.", ""},
		step{"Draw the sample again", sampleText(r.Sample), ""},
		step{"Compare the digests", "The policies, the configuration and the exported objects have to have these digests at their owner's, too.", ""})
}

func sampleText(s report.Sample) string {
	if s.Size == 0 || s.Drawn == s.Of {
		return "All images that run were judged: there is nothing to draw."
	}
	return "The seed and the population are below: the same seed draws the same images, and another seed a sample of your own."
}
