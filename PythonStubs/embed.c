#include "PythonStubs.h"

#include <stddef.h>

// clang takes #embed, which is C23, in every C mode.
#pragma clang diagnostic ignored "-Wc23-extensions"

#define BEGIN(name) static const unsigned char name[] = {
#define END , 0};

BEGIN(runtime_init)
#embed "dynasaur_runtime/__init__.py" if_empty('\n')
END
BEGIN(runtime_bootstrap)
#embed "dynasaur_runtime/bootstrap.py"
END
BEGIN(runtime_engine)
#embed "dynasaur_runtime/engine.py"
END
BEGIN(runtime_worker)
#embed "dynasaur_runtime/worker.py"
END
BEGIN(runtime_checkpoint)
#embed "dynasaur_runtime/checkpoint.py"
END
BEGIN(runtime_session_pickle)
#embed "dynasaur_runtime/session_pickle.py"
END
BEGIN(runtime_exceptions)
#embed "dynasaur_runtime/exceptions.py"
END
BEGIN(runtime_plain_data)
#embed "dynasaur_runtime/plain_data.py"
END
BEGIN(runtime_streams)
#embed "dynasaur_runtime/streams.py"
END
BEGIN(runtime_steps)
#embed "dynasaur_runtime/steps.py"
END
BEGIN(runtime_display)
#embed "dynasaur_runtime/display.py"
END
BEGIN(runtime_host_functions)
#embed "dynasaur_runtime/host_functions.py"
END
BEGIN(runtime_operations)
#embed "dynasaur_runtime/operations.py"
END
BEGIN(runtime_coercions)
#embed "dynasaur_runtime/coercions.py"
END
BEGIN(runtime_figures)
#embed "dynasaur_runtime/figures.py"
END
BEGIN(runtime_signatures)
#embed "dynasaur_runtime/signatures.py"
END
BEGIN(runtime_guard_rails)
#embed "dynasaur_runtime/guard_rails.py"
END
BEGIN(runtime_main_module)
#embed "dynasaur_runtime/main_module.py"
END
BEGIN(library_init)
#embed "dynasaur_library/__init__.py" if_empty('\n')
END
BEGIN(library_admission)
#embed "dynasaur_library/admission.py"
END
BEGIN(library_capabilities)
#embed "dynasaur_library/capabilities.py"
END
BEGIN(library_capture)
#embed "dynasaur_library/capture.py"
END
BEGIN(library_closure)
#embed "dynasaur_library/closure.py"
END
BEGIN(library_complexity)
#embed "dynasaur_library/complexity.py"
END
BEGIN(library_description)
#embed "dynasaur_library/description.py"
END
BEGIN(library_effects)
#embed "dynasaur_library/effects.py"
END
BEGIN(library_equality)
#embed "dynasaur_library/equality.py"
END
BEGIN(library_file_capture)
#embed "dynasaur_library/file_capture.py"
END
BEGIN(library_fingerprint)
#embed "dynasaur_library/fingerprint.py"
END
BEGIN(library_live_state)
#embed "dynasaur_library/live_state.py"
END
BEGIN(library_loading)
#embed "dynasaur_library/loading.py"
END
BEGIN(library_names)
#embed "dynasaur_library/names.py"
END
BEGIN(library_offers)
#embed "dynasaur_library/offers.py"
END
BEGIN(library_origins)
#embed "dynasaur_library/origins.py"
END
BEGIN(library_recorded_calls)
#embed "dynasaur_library/recorded_calls.py"
END
BEGIN(library_recording)
#embed "dynasaur_library/recording.py"
END
BEGIN(library_requirements)
#embed "dynasaur_library/requirements.py"
END
BEGIN(library_session_bridge)
#embed "dynasaur_library/session_bridge.py"
END
BEGIN(library_signature)
#embed "dynasaur_library/signature.py"
END
BEGIN(library_slicing)
#embed "dynasaur_library/slicing.py"
END
BEGIN(library_steps)
#embed "dynasaur_library/steps.py"
END
BEGIN(library_tables)
#embed "dynasaur_library/tables.py"
END
BEGIN(library_values)
#embed "dynasaur_library/values.py"
END
BEGIN(library_watching)
#embed "dynasaur_library/watching.py"
END
BEGIN(actions_init)
#embed "dynasaur_actions/__init__.py" if_empty('\n')
END
BEGIN(actions_archives)
#embed "dynasaur_actions/archives.py"
END
BEGIN(actions_audio)
#embed "dynasaur_actions/audio.py"
END
BEGIN(actions_browsing)
#embed "dynasaur_actions/browsing.py"
END
BEGIN(actions_databases)
#embed "dynasaur_actions/databases.py"
END
BEGIN(actions_documents)
#embed "dynasaur_actions/documents.py"
END
BEGIN(actions_environment)
#embed "dynasaur_actions/environment.py"
END
BEGIN(actions_fetching)
#embed "dynasaur_actions/fetching.py"
END
BEGIN(actions_web_record)
#embed "dynasaur_actions/web_record.py"
END
BEGIN(actions_files)
#embed "dynasaur_actions/files.py"
END
BEGIN(actions_host)
#embed "dynasaur_actions/host.py"
END
BEGIN(actions_images)
#embed "dynasaur_actions/images.py"
END
BEGIN(actions_inspection)
#embed "dynasaur_actions/inspection.py"
END
BEGIN(actions_installation)
#embed "dynasaur_actions/installation.py"
END
BEGIN(actions_messages)
#embed "dynasaur_actions/messages.py"
END
BEGIN(actions_molecules)
#embed "dynasaur_actions/molecules.py"
END
BEGIN(actions_notebooks)
#embed "dynasaur_actions/notebooks.py"
END
BEGIN(actions_office)
#embed "dynasaur_actions/office.py"
END
BEGIN(actions_open_documents)
#embed "dynasaur_actions/open_documents.py"
END
BEGIN(actions_other_spreadsheets)
#embed "dynasaur_actions/other_spreadsheets.py"
END
BEGIN(actions_package_fetching)
#embed "dynasaur_actions/package_fetching.py"
END
BEGIN(actions_packages)
#embed "dynasaur_actions/packages.py"
END
BEGIN(actions_page_text)
#embed "dynasaur_actions/page_text.py"
END
BEGIN(actions_pdf_files)
#embed "dynasaur_actions/pdf_files.py"
END
BEGIN(actions_presentations)
#embed "dynasaur_actions/presentations.py"
END
BEGIN(actions_retrieval)
#embed "dynasaur_actions/retrieval.py"
END
BEGIN(actions_search)
#embed "dynasaur_actions/search.py"
END
BEGIN(actions_session)
#embed "dynasaur_actions/session.py"
END
BEGIN(actions_spreadsheet_colors)
#embed "dynasaur_actions/spreadsheet_colors.py"
END
BEGIN(actions_spreadsheets)
#embed "dynasaur_actions/spreadsheets.py"
END
BEGIN(actions_structured)
#embed "dynasaur_actions/structured.py"
END
BEGIN(actions_text_files)
#embed "dynasaur_actions/text_files.py"
END
BEGIN(actions_word_paragraphs)
#embed "dynasaur_actions/word_paragraphs.py"
END
BEGIN(actions_agent_contract)
#embed "dynasaur_actions/agent.pyi"
END
BEGIN(actions_inspection_contract)
#embed "dynasaur_actions/inspection.pyi"
END
BEGIN(actions_archives_contract)
#embed "dynasaur_actions/archives.pyi"
END
BEGIN(actions_audio_contract)
#embed "dynasaur_actions/audio.pyi"
END
BEGIN(actions_browsing_contract)
#embed "dynasaur_actions/browsing.pyi"
END
BEGIN(actions_documents_contract)
#embed "dynasaur_actions/documents.pyi"
END
BEGIN(actions_images_contract)
#embed "dynasaur_actions/images.pyi"
END
BEGIN(actions_installation_contract)
#embed "dynasaur_actions/installation.pyi"
END
BEGIN(actions_molecules_contract)
#embed "dynasaur_actions/molecules.pyi"
END
BEGIN(actions_pdf_files_contract)
#embed "dynasaur_actions/pdf_files.pyi"
END
BEGIN(actions_presentations_contract)
#embed "dynasaur_actions/presentations.pyi"
END
BEGIN(actions_search_contract)
#embed "dynasaur_actions/search.pyi"
END
BEGIN(actions_spreadsheets_contract)
#embed "dynasaur_actions/spreadsheets.pyi"
END
BEGIN(actions_structured_contract)
#embed "dynasaur_actions/structured.pyi"
END
BEGIN(actions_text_files_contract)
#embed "dynasaur_actions/text_files.pyi"
END
BEGIN(evaluation_init)
#embed "dynasaur_evaluation/__init__.py" if_empty('\n')
END
BEGIN(evaluation_code_figures)
#embed "dynasaur_evaluation/code_figures.py"
END
BEGIN(evaluation_parquet)
#embed "dynasaur_evaluation/parquet.py"
END
BEGIN(evaluation_hendrycks)
#embed "dynasaur_evaluation/hendrycks.py"
END
BEGIN(evaluation_math_scorers)
#embed "dynasaur_evaluation/math_scorers.py"
END
BEGIN(evaluation_minerva)
#embed "dynasaur_evaluation/minerva.py"
END
BEGIN(evaluation_packages)
#embed "dynasaur_evaluation/packages.py"
END
BEGIN(evaluation_prm800k)
#embed "dynasaur_evaluation/prm800k.py"
END

// What `dynasaur setup` installs.
BEGIN(requirements)
#embed "../requirements.txt"
END
BEGIN(requirements_scoring)
#embed "../requirements-scoring.txt"
END

static const struct dynasaur_stub stubs[] = {
    {"requirements.txt", (const char *)requirements},
    {"requirements-scoring.txt", (const char *)requirements_scoring},
    {"dynasaur_runtime/__init__.py", (const char *)runtime_init},
    {"dynasaur_runtime/bootstrap.py", (const char *)runtime_bootstrap},
    {"dynasaur_runtime/engine.py", (const char *)runtime_engine},
    {"dynasaur_runtime/worker.py", (const char *)runtime_worker},
    {"dynasaur_runtime/checkpoint.py", (const char *)runtime_checkpoint},
    {"dynasaur_runtime/session_pickle.py", (const char *)runtime_session_pickle},
    {"dynasaur_runtime/exceptions.py", (const char *)runtime_exceptions},
    {"dynasaur_runtime/plain_data.py", (const char *)runtime_plain_data},
    {"dynasaur_runtime/streams.py", (const char *)runtime_streams},
    {"dynasaur_runtime/steps.py", (const char *)runtime_steps},
    {"dynasaur_runtime/display.py", (const char *)runtime_display},
    {"dynasaur_runtime/host_functions.py", (const char *)runtime_host_functions},
    {"dynasaur_runtime/operations.py", (const char *)runtime_operations},
    {"dynasaur_runtime/coercions.py", (const char *)runtime_coercions},
    {"dynasaur_runtime/figures.py", (const char *)runtime_figures},
    {"dynasaur_runtime/signatures.py", (const char *)runtime_signatures},
    {"dynasaur_runtime/guard_rails.py", (const char *)runtime_guard_rails},
    {"dynasaur_runtime/main_module.py", (const char *)runtime_main_module},
    {"dynasaur_library/__init__.py", (const char *)library_init},
    {"dynasaur_library/admission.py", (const char *)library_admission},
    {"dynasaur_library/capabilities.py", (const char *)library_capabilities},
    {"dynasaur_library/capture.py", (const char *)library_capture},
    {"dynasaur_library/closure.py", (const char *)library_closure},
    {"dynasaur_library/complexity.py", (const char *)library_complexity},
    {"dynasaur_library/description.py", (const char *)library_description},
    {"dynasaur_library/effects.py", (const char *)library_effects},
    {"dynasaur_library/equality.py", (const char *)library_equality},
    {"dynasaur_library/file_capture.py", (const char *)library_file_capture},
    {"dynasaur_library/fingerprint.py", (const char *)library_fingerprint},
    {"dynasaur_library/live_state.py", (const char *)library_live_state},
    {"dynasaur_library/loading.py", (const char *)library_loading},
    {"dynasaur_library/names.py", (const char *)library_names},
    {"dynasaur_library/offers.py", (const char *)library_offers},
    {"dynasaur_library/origins.py", (const char *)library_origins},
    {"dynasaur_library/recorded_calls.py", (const char *)library_recorded_calls},
    {"dynasaur_library/recording.py", (const char *)library_recording},
    {"dynasaur_library/requirements.py", (const char *)library_requirements},
    {"dynasaur_library/session_bridge.py", (const char *)library_session_bridge},
    {"dynasaur_library/signature.py", (const char *)library_signature},
    {"dynasaur_library/slicing.py", (const char *)library_slicing},
    {"dynasaur_library/steps.py", (const char *)library_steps},
    {"dynasaur_library/tables.py", (const char *)library_tables},
    {"dynasaur_library/values.py", (const char *)library_values},
    {"dynasaur_library/watching.py", (const char *)library_watching},
    {"dynasaur_actions/__init__.py", (const char *)actions_init},
    {"dynasaur_actions/archives.py", (const char *)actions_archives},
    {"dynasaur_actions/audio.py", (const char *)actions_audio},
    {"dynasaur_actions/browsing.py", (const char *)actions_browsing},
    {"dynasaur_actions/databases.py", (const char *)actions_databases},
    {"dynasaur_actions/documents.py", (const char *)actions_documents},
    {"dynasaur_actions/environment.py", (const char *)actions_environment},
    {"dynasaur_actions/fetching.py", (const char *)actions_fetching},
    {"dynasaur_actions/web_record.py", (const char *)actions_web_record},
    {"dynasaur_actions/files.py", (const char *)actions_files},
    {"dynasaur_actions/host.py", (const char *)actions_host},
    {"dynasaur_actions/images.py", (const char *)actions_images},
    {"dynasaur_actions/inspection.py", (const char *)actions_inspection},
    {"dynasaur_actions/installation.py", (const char *)actions_installation},
    {"dynasaur_actions/messages.py", (const char *)actions_messages},
    {"dynasaur_actions/molecules.py", (const char *)actions_molecules},
    {"dynasaur_actions/notebooks.py", (const char *)actions_notebooks},
    {"dynasaur_actions/office.py", (const char *)actions_office},
    {"dynasaur_actions/open_documents.py", (const char *)actions_open_documents},
    {"dynasaur_actions/other_spreadsheets.py", (const char *)actions_other_spreadsheets},
    {"dynasaur_actions/package_fetching.py", (const char *)actions_package_fetching},
    {"dynasaur_actions/packages.py", (const char *)actions_packages},
    {"dynasaur_actions/page_text.py", (const char *)actions_page_text},
    {"dynasaur_actions/pdf_files.py", (const char *)actions_pdf_files},
    {"dynasaur_actions/presentations.py", (const char *)actions_presentations},
    {"dynasaur_actions/retrieval.py", (const char *)actions_retrieval},
    {"dynasaur_actions/search.py", (const char *)actions_search},
    {"dynasaur_actions/session.py", (const char *)actions_session},
    {"dynasaur_actions/spreadsheet_colors.py", (const char *)actions_spreadsheet_colors},
    {"dynasaur_actions/spreadsheets.py", (const char *)actions_spreadsheets},
    {"dynasaur_actions/structured.py", (const char *)actions_structured},
    {"dynasaur_actions/text_files.py", (const char *)actions_text_files},
    {"dynasaur_actions/word_paragraphs.py", (const char *)actions_word_paragraphs},
    {"dynasaur_actions/agent.pyi", (const char *)actions_agent_contract},
    {"dynasaur_actions/inspection.pyi", (const char *)actions_inspection_contract},
    {"dynasaur_actions/archives.pyi", (const char *)actions_archives_contract},
    {"dynasaur_actions/audio.pyi", (const char *)actions_audio_contract},
    {"dynasaur_actions/browsing.pyi", (const char *)actions_browsing_contract},
    {"dynasaur_actions/documents.pyi", (const char *)actions_documents_contract},
    {"dynasaur_actions/images.pyi", (const char *)actions_images_contract},
    {"dynasaur_actions/installation.pyi", (const char *)actions_installation_contract},
    {"dynasaur_actions/molecules.pyi", (const char *)actions_molecules_contract},
    {"dynasaur_actions/pdf_files.pyi", (const char *)actions_pdf_files_contract},
    {"dynasaur_actions/presentations.pyi", (const char *)actions_presentations_contract},
    {"dynasaur_actions/search.pyi", (const char *)actions_search_contract},
    {"dynasaur_actions/spreadsheets.pyi", (const char *)actions_spreadsheets_contract},
    {"dynasaur_actions/structured.pyi", (const char *)actions_structured_contract},
    {"dynasaur_actions/text_files.pyi", (const char *)actions_text_files_contract},
    {"dynasaur_evaluation/__init__.py", (const char *)evaluation_init},
    {"dynasaur_evaluation/code_figures.py", (const char *)evaluation_code_figures},
    {"dynasaur_evaluation/parquet.py", (const char *)evaluation_parquet},
    {"dynasaur_evaluation/hendrycks.py", (const char *)evaluation_hendrycks},
    {"dynasaur_evaluation/math_scorers.py", (const char *)evaluation_math_scorers},
    {"dynasaur_evaluation/minerva.py", (const char *)evaluation_minerva},
    {"dynasaur_evaluation/packages.py", (const char *)evaluation_packages},
    {"dynasaur_evaluation/prm800k.py", (const char *)evaluation_prm800k},
    {NULL, ""},
};

const struct dynasaur_stub *dynasaur_stubs(void) { return stubs; }
