/* The papers whose model clsnn computes, as messages and pages cite them. */
#ifndef CLSNN_SOURCES_H
#define CLSNN_SOURCES_H

#define CLSNN_KIM "Kim & Kim (2020)"
#define CLSNN_KIM_CITATION                                                                                   \
    "Yongjoo Kim and Taeho Kim (ETRI), \"An analysis of learning performance changes in spiking neural "     \
    "networks (SNN)\", August 2020, in Korean, KoreaScience article JAKO202025465017052"
#define CLSNN_DIEHL_CITATION                                                                                 \
    "P. U. Diehl and M. Cook, \"Unsupervised learning of digit recognition using spike-timing-dependent "    \
    "plasticity\", Frontiers in Computational Neuroscience 9:99, 2015, doi:10.3389/fncom.2015.00099"

#endif
