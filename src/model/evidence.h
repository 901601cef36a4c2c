/* What was shown of a family, by the files of tests/ and models/ that this was built beside.
 * cmake/evidence.cmake makes the table. */
#ifndef HEFT_MODEL_EVIDENCE_H
#define HEFT_MODEL_EVIDENCE_H

#include "heft.h"

typedef struct {
    const char *model_type; /* of config.json */
    heft_shown_how how;
    const char *by; /* the golden model, the release */
} heft_evidence;

extern const heft_evidence heft_evidence_table[]; /* ended by a NULL type */

#endif
