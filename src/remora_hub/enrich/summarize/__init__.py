"""Summaries of definitions by a chat model.

    index --selection--> what is to do --call graph--> in order, callees first --sources--> subjects
                                                                                             |
       enrich.db <-- summaries <-- answer text <-- chat model <-- spending <-- prompt <------+
           |                                                      (budget)    (with the summaries below it)
        reading: hover, node

``plan`` finds out what there is to do and what it will cost, ``run`` does it on the processor of
``remora_hub.enrich``, which knows nothing of code; ``summarize`` is both, for whoever need not ask in between.
``chat`` speaks to the providers: httpx for all three of their protocols, as each is one request with one answer. Their
SDKs (openai, anthropic, google-genai) would be three more trees of dependencies, each with retries, time-outs and
errors of its own to be turned off or told apart; here these are the processor's.
"""
